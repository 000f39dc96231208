import type { Timeline } from '../timeline.ts';
import { NAMESPACES } from './namespaces.ts';
import { defineService, type Call, type Service } from './service.ts';
import { invalidArgument } from './soap.ts';
import { child, childFlag, childText, xml, type Markup, type XmlElement } from './xml.ts';

/** What a camera says about itself. */
export interface CameraIdentity {
  name: string;
  manufacturer: string;
  model: string;
  firmwareVersion: string;
  serialNumber: string;
  hardwareId: string;
  /** `urn:uuid:...`, the same in WS-Discovery and GetEndpointReference. */
  endpointReference: string;
  hardwareAddress: string;
  /** URIs below onvif://www.onvif.org. */
  scopes: readonly string[];
}

export interface DeviceServiceOptions {
  identity: CameraIdentity;
  timeline: Timeline;
  username: string;
  /** IPv4 address of the camera's one network interface. */
  address: string;
  /** The other services that GetServices and GetCapabilities list. */
  services: readonly Service[];
  onReboot: () => void;
}

const CAPABILITIES = xml`<tds:Capabilities>
  <tds:Network IPFilter="false" ZeroConfiguration="false" IPVersion6="false" DynDNS="false" HostnameFromDHCP="false" NTP="0"/>
  <tds:Security TLS1.0="false" TLS1.1="false" TLS1.2="false" OnboardKeyGeneration="false" AccessPolicyConfig="false" UsernameToken="true" HttpDigest="true" MaxUsers="1"/>
  <tds:System DiscoveryResolve="true" DiscoveryBye="true" RemoteDiscovery="false" SystemBackup="false" SystemLogging="false" HttpFirmwareUpgrade="false"/>
</tds:Capabilities>`;

/** Device management (ONVIF Core Specification section 8). */
export function deviceService(options: DeviceServiceOptions): Service {
  const { identity, timeline } = options;
  const service = defineService({
    prefix: 'tds',
    path: '/onvif/device_service',
    version: { major: 2, minor: 60 },
    capabilities: CAPABILITIES,
    operations: {
      'tds:GetSystemDateAndTime': () => systemDateAndTime(timeline.cameraTimeAt(timeline.now())),
      'tds:SetSystemDateAndTime': (call) => {
        setSystemDateAndTime(call.operation, timeline);
        return xml`<tds:SetSystemDateAndTimeResponse/>`;
      },
      'tds:GetServices': (call) => {
        const withCapabilities = childFlag(call.operation, 'IncludeCapability') === true;
        const all = [service, ...options.services].map((listed) => serviceEntry(listed, call, withCapabilities));
        return xml`<tds:GetServicesResponse>${all}</tds:GetServicesResponse>`;
      },
      'tds:GetCapabilities': (call) => capabilities(call, [service, ...options.services]),
      'tds:GetDeviceInformation': () => xml`<tds:GetDeviceInformationResponse>
        <tds:Manufacturer>${identity.manufacturer}</tds:Manufacturer>
        <tds:Model>${identity.model}</tds:Model>
        <tds:FirmwareVersion>${identity.firmwareVersion}</tds:FirmwareVersion>
        <tds:SerialNumber>${identity.serialNumber}</tds:SerialNumber>
        <tds:HardwareId>${identity.hardwareId}</tds:HardwareId>
      </tds:GetDeviceInformationResponse>`,
      'tds:GetScopes': () => {
        const scopes = identity.scopes.map(
          (scope) => xml`<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>${scope}</tt:ScopeItem></tds:Scopes>`,
        );
        return xml`<tds:GetScopesResponse>${scopes}</tds:GetScopesResponse>`;
      },
      'tds:GetHostname': () => xml`<tds:GetHostnameResponse>
        <tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP><tt:Name>${hostname(identity)}</tt:Name></tds:HostnameInformation>
      </tds:GetHostnameResponse>`,
      'tds:GetNetworkInterfaces': () => xml`<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0">
        <tt:Enabled>true</tt:Enabled>
        <tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>${identity.hardwareAddress}</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info>
        <tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config>
          <tt:Manual><tt:Address>${options.address}</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual>
          <tt:DHCP>false</tt:DHCP>
        </tt:Config></tt:IPv4>
      </tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>`,
      'tds:GetUsers': () => xml`<tds:GetUsersResponse>
        <tds:User><tt:Username>${options.username}</tt:Username><tt:UserLevel>Administrator</tt:UserLevel></tds:User>
      </tds:GetUsersResponse>`,
      'tds:GetEndpointReference': () => xml`<tds:GetEndpointReferenceResponse>
        <tds:GUID>${identity.endpointReference}</tds:GUID>
      </tds:GetEndpointReferenceResponse>`,
      'tds:SystemReboot': () => {
        options.onReboot();
        return xml`<tds:SystemRebootResponse><tds:Message>Rebooting</tds:Message></tds:SystemRebootResponse>`;
      },
    },
  });
  return service;
}

function hostname(identity: CameraIdentity): string {
  return `${identity.model}-${identity.serialNumber}`.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-');
}

function serviceUrl(service: Service, call: Call): string {
  return `${call.origin}${service.path}`;
}

function serviceEntry(service: Service, call: Call, withCapabilities: boolean): Markup {
  return xml`<tds:Service>
    <tds:Namespace>${NAMESPACES[service.prefix]}</tds:Namespace>
    <tds:XAddr>${serviceUrl(service, call)}</tds:XAddr>
    ${withCapabilities ? xml`<tds:Capabilities>${service.capabilities}</tds:Capabilities>` : undefined}
    <tds:Version><tt:Major>${service.version.major}</tt:Major><tt:Minor>${service.version.minor}</tt:Minor></tds:Version>
  </tds:Service>`;
}

/** The older listing, without Media2, which it has no place for. */
function capabilities(call: Call, services: readonly Service[]): Markup {
  const category = childText(call.operation, 'Category') ?? 'All';
  const listed = (name: string, prefix: Service['prefix'], content: Markup): Markup | undefined => {
    const service = services.find((candidate) => candidate.prefix === prefix);
    if (service === undefined || !['All', name].includes(category)) return undefined;
    return xml`<tt:XAddr>${serviceUrl(service, call)}</tt:XAddr>${content}`;
  };
  const device = listed(
    'Device',
    'tds',
    xml`<tt:System>
      <tt:DiscoveryResolve>true</tt:DiscoveryResolve><tt:DiscoveryBye>true</tt:DiscoveryBye><tt:RemoteDiscovery>false</tt:RemoteDiscovery>
      <tt:SystemBackup>false</tt:SystemBackup><tt:SystemLogging>false</tt:SystemLogging><tt:FirmwareUpgrade>false</tt:FirmwareUpgrade>
      <tt:SupportedVersions><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tt:SupportedVersions>
    </tt:System>`,
  );
  const events = listed(
    'Events',
    'tev',
    xml`<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport>
      <tt:WSPausableSubscriptionManagerInterfaceSupport>false</tt:WSPausableSubscriptionManagerInterfaceSupport>`,
  );
  const imaging = listed('Imaging', 'timg', xml``);
  const media = listed(
    'Media',
    'trt',
    xml`<tt:StreamingCapabilities>
      <tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP>
    </tt:StreamingCapabilities>`,
  );
  const ptz = listed('PTZ', 'tptz', xml``);
  return xml`<tds:GetCapabilitiesResponse><tds:Capabilities>
    ${device && xml`<tt:Device>${device}</tt:Device>`}
    ${events && xml`<tt:Events>${events}</tt:Events>`}
    ${imaging && xml`<tt:Imaging>${imaging}</tt:Imaging>`}
    ${media && xml`<tt:Media>${media}</tt:Media>`}
    ${ptz && xml`<tt:PTZ>${ptz}</tt:PTZ>`}
  </tds:Capabilities></tds:GetCapabilitiesResponse>`;
}

function systemDateAndTime(now: number): Markup {
  const time = new Date(now);
  const dateTime = xml`
    <tt:Time><tt:Hour>${time.getUTCHours()}</tt:Hour><tt:Minute>${time.getUTCMinutes()}</tt:Minute><tt:Second>${time.getUTCSeconds()}</tt:Second></tt:Time>
    <tt:Date><tt:Year>${time.getUTCFullYear()}</tt:Year><tt:Month>${time.getUTCMonth() + 1}</tt:Month><tt:Day>${time.getUTCDate()}</tt:Day></tt:Date>`;
  return xml`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>
    <tt:DateTimeType>Manual</tt:DateTimeType>
    <tt:DaylightSavings>false</tt:DaylightSavings>
    <tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone>
    <tt:UTCDateTime>${dateTime}</tt:UTCDateTime>
    <tt:LocalDateTime>${dateTime}</tt:LocalDateTime>
  </tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`;
}

function setSystemDateAndTime(operation: XmlElement, timeline: Timeline): void {
  const dateTime = child(operation, 'UTCDateTime');
  if (childText(operation, 'DateTimeType') !== 'Manual' || dateTime === undefined) {
    throw invalidArgument('InvalidDateTime', 'The camera takes its time from SetSystemDateAndTime with type Manual only');
  }
  const field = (group: string, name: string): number => Number(childText(child(dateTime, group), name));
  const time = Date.UTC(
    field('Date', 'Year'),
    field('Date', 'Month') - 1,
    field('Date', 'Day'),
    field('Time', 'Hour'),
    field('Time', 'Minute'),
    field('Time', 'Second'),
  );
  if (Number.isNaN(time)) throw invalidArgument('InvalidDateTime', 'An invalid date or time was specified');
  timeline.clockOffsetMs = time - timeline.now();
}
