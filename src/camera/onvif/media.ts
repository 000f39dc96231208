import { GatewayError } from '../../base/errors.ts';
import { formatRtspUrl, parseRtspUrl } from '../../base/rtsp-url.ts';
import { printable } from '../../base/printable.ts';
import { findElements, type XmlElement } from '../xml.ts';
import {
  buildRequest,
  DEVICE_IO_NAMESPACE,
  MEDIA1_NAMESPACE,
  MEDIA2_NAMESPACE,
  SCHEMA_NAMESPACE,
  textElement,
} from './envelope.ts';
import { isBroken } from './failure.ts';
import {
  metadataRequestContent,
  parseMetadataConfigurations,
  type MetadataConfiguration,
  type MetadataParts,
} from './metadata-configuration.ts';
import { parseMedia1Profiles, parseMedia2Profiles, parseMediaUri, type OnvifProfile } from './profiles.ts';
import { locationUrl, type ServiceLocation } from './service-location.ts';
import type { SoapClient } from './soap-client.ts';

/** Media1 StreamSetup: RTP over the RTSP connection's host, whichever transport RTSP then negotiates. */
const RTP_OVER_RTSP =
  `<Stream xmlns="${SCHEMA_NAMESPACE}">RTP-Unicast</Stream>` +
  `<Transport xmlns="${SCHEMA_NAMESPACE}"><Protocol>RTSP</Protocol></Transport>`;

/** The two parts that make a profile play talk-back, in the order in which they are added. */
const TALK_BACK = ['AudioOutput', 'AudioDecoder'] as const;

export interface MediaServices {
  media1: ServiceLocation | null;
  media2: ServiceLocation | null;
  deviceIO: ServiceLocation | null;
}

/**
 * The media of a device, by Media2 where it has it (H.265 is only listed there), else by Media1, which is also the second try
 * where Media2 does not work. Errors are those of {@link SoapClient}, and `camera.no_profiles`.
 */
export class OnvifMedia {
  readonly #soap: SoapClient;
  readonly #media1: ServiceLocation | null;
  #media2: ServiceLocation | null;
  readonly #deviceIO: ServiceLocation | null;

  constructor(soap: SoapClient, services: MediaServices) {
    this.#soap = soap;
    this.#media1 = services.media1;
    this.#media2 = services.media2;
    this.#deviceIO = services.deviceIO;
  }

  /** Never empty. */
  async profiles(): Promise<OnvifProfile[]> {
    let profiles = await this.#media2Profiles();
    if (profiles.length === 0 && this.#media1 !== null) {
      profiles = parseMedia1Profiles(await this.#soap.call(this.#media1, buildRequest(MEDIA1_NAMESPACE, 'GetProfiles')));
    }
    if (profiles.length > 0) return profiles;
    throw new GatewayError('camera.no_profiles', `The camera at ${this.#soap.place} lists no media profile.`, {
      advice: "Make a profile with a video encoder on the camera's own web page.",
    });
  }

  /** Where the profile is pulled by RTSP: without credentials, at the host by which we reached the camera. */
  async streamUri(profileToken: string): Promise<string> {
    const token = textElement('ProfileToken', profileToken);
    const answer = await this.#call('GetStreamUri', {
      media1: `<StreamSetup>${RTP_OVER_RTSP}</StreamSetup>${token}`,
      media2: `${textElement('Protocol', 'RTSP')}${token}`,
    });
    const uri = parseRtspUrl(parseMediaUri(answer) ?? '');
    // A camera behind NAT names an address that it sees itself, and no answer may lead us to another host.
    if (uri !== undefined) return formatRtspUrl({ ...uri, host: this.#soap.host });
    throw this.#noUri('RTSP', profileToken);
  }

  /** Where a JPEG of the profile is fetched: a URL without credentials, at the host by which we reached the camera. */
  async snapshotUri(profileToken: string): Promise<string> {
    return locationUrl(this.#soap.host, await this.snapshotLocation(profileToken));
  }

  /** The place of {@link snapshotUri}. */
  async snapshotLocation(profileToken: string): Promise<ServiceLocation> {
    const token = textElement('ProfileToken', profileToken);
    const uri = parseMediaUri(await this.#call('GetSnapshotUri', { media1: token, media2: token }));
    const location = this.#soap.locate(uri ?? '');
    if (location === null) throw this.#noUri('snapshot', profileToken);
    return location;
  }

  /** Asks the camera for a keyframe at once on every stream of the profile (ONVIF Media, SetSynchronizationPoint). */
  async setSynchronizationPoint(profileToken: string): Promise<void> {
    const token = textElement('ProfileToken', profileToken);
    await this.#call('SetSynchronizationPoint', { media1: token, media2: token });
  }

  async metadataConfigurations(): Promise<MetadataConfiguration[]> {
    return parseMetadataConfigurations(await this.#call('GetMetadataConfigurations', { media1: '', media2: '' }));
  }

  /**
   * Switches parts of a metadata stream on or off. The configuration is read and written back whole, with what we do not know
   * in it, so that nothing else of it changes.
   */
  async setMetadataConfiguration(token: string, change: Partial<MetadataParts>): Promise<void> {
    const answer = await this.#call('GetMetadataConfigurations', { media1: '', media2: '' });
    const element = findElements(answer, 'Configurations').find((each) => each.attributes.get('token') === token);
    if (element === undefined) {
      throw new GatewayError(
        'camera.fault',
        `The camera at ${this.#soap.place} has no metadata configuration "${printable(token)}".`,
        {
          advice: 'It may have been changed on the camera meanwhile; try again.',
        },
      );
    }
    const configuration = metadataRequestContent(element, change);
    const media1 = `${configuration}<ForcePersistence>true</ForcePersistence>`;
    await this.#call('SetMetadataConfiguration', { media1, media2: configuration });
  }

  /** Tokens of the loudspeakers and line outputs; empty where the camera has none or does not know the question. */
  async audioOutputs(): Promise<string[]> {
    try {
      if (this.#media1 !== null) {
        const answer = await this.#soap.call(this.#media1, buildRequest(MEDIA1_NAMESPACE, 'GetAudioOutputs'));
        return tokensOf(findElements(answer, 'AudioOutputs'));
      }
      if (this.#deviceIO === null) return [];
      const answer = await this.#soap.call(this.#deviceIO, buildRequest(DEVICE_IO_NAMESPACE, 'GetAudioOutputs'));
      return findElements(answer, 'Token').flatMap(({ text }) => (text === '' ? [] : [text]));
    } catch (error) {
      if (isBroken(error)) return [];
      throw error;
    }
  }

  /**
   * Adds an audio output and an audio decoder to a profile that lacks them, so that its RTSP stream takes sound back. The
   * camera keeps the change.
   *
   * @returns Whether the profile has both now: false where the camera has none that fit.
   */
  async enableTalkBack({ token, configurations }: Pick<OnvifProfile, 'token' | 'configurations'>): Promise<boolean> {
    const profile = textElement('ProfileToken', token);
    const present = { AudioOutput: configurations.audioOutput, AudioDecoder: configurations.audioDecoder };
    for (const type of TALK_BACK) {
      if (present[type] !== null) continue;
      const [fitting] = await this.#fittingConfigurations(type, profile);
      if (fitting === undefined) return false;
      await this.#addConfiguration(type, profile, fitting);
    }
    return true;
  }

  async #fittingConfigurations(type: (typeof TALK_BACK)[number], profile: string): Promise<string[]> {
    try {
      return tokensOf(
        findElements(
          await this.#callBy({
            media1: buildRequest(MEDIA1_NAMESPACE, `GetCompatible${type}Configurations`, profile),
            media2: buildRequest(MEDIA2_NAMESPACE, `Get${type}Configurations`, profile),
          }),
          'Configurations',
        ),
      );
    } catch (error) {
      if (isBroken(error)) return [];
      throw error;
    }
  }

  async #addConfiguration(type: string, profile: string, token: string): Promise<void> {
    const reference = `${textElement('Type', type)}${textElement('Token', token)}`;
    await this.#callBy({
      media1: buildRequest(MEDIA1_NAMESPACE, `Add${type}Configuration`, profile + textElement('ConfigurationToken', token)),
      media2: buildRequest(MEDIA2_NAMESPACE, 'AddConfiguration', `${profile}<Configuration>${reference}</Configuration>`),
    });
  }

  async #media2Profiles(): Promise<OnvifProfile[]> {
    if (this.#media2 === null) return [];
    let profiles: OnvifProfile[] = [];
    try {
      const request = buildRequest(MEDIA2_NAMESPACE, 'GetProfiles', textElement('Type', 'All'));
      profiles = parseMedia2Profiles(await this.#soap.call(this.#media2, request));
    } catch (error) {
      if (!(isBroken(error) && this.#media1 !== null)) throw error;
    }
    // D-Link DCS-8635LH announces a Media2 that does not work; from here on Media1 is asked alone.
    if (profiles.length === 0 && this.#media1 !== null) this.#media2 = null;
    return profiles;
  }

  /** A call that both media services have under one name. */
  #call(name: string, content: { media1: string; media2: string }): Promise<XmlElement> {
    return this.#callBy({
      media1: buildRequest(MEDIA1_NAMESPACE, name, content.media1),
      media2: buildRequest(MEDIA2_NAMESPACE, name, content.media2),
    });
  }

  async #callBy(requests: Record<'media1' | 'media2', ReturnType<typeof buildRequest>>): Promise<XmlElement> {
    if (this.#media2 !== null) {
      try {
        return await this.#soap.call(this.#media2, requests.media2);
      } catch (error) {
        if (!(isBroken(error) && this.#media1 !== null)) throw error;
      }
    }
    if (this.#media1 !== null) return this.#soap.call(this.#media1, requests.media1);
    throw new GatewayError('camera.no_profiles', `The device at ${this.#soap.place} has no media service.`, {
      advice: 'It is no camera by what it says of itself; check the address.',
    });
  }

  #noUri(kind: string, profileToken: string): GatewayError {
    const message = `The camera at ${this.#soap.place} gave no ${kind} address for profile "${printable(profileToken)}".`;
    return new GatewayError('camera.fault', message, {
      advice: 'If this stays, restart the camera and look for a newer firmware.',
    });
  }
}

function tokensOf(elements: readonly XmlElement[]): string[] {
  return elements.flatMap((element) => element.attributes.get('token') ?? []);
}
