"""An RTSP server of GStreamer's on loopback with every combination of picture, sound and metadata that cameras send, for tests.

Prints one line of JSON, {"port": N}, when it is ready. A combination is under /VIDEO+AUDIO+METADATA; each client has one of its own.
Ends when its standard input closes, so that it never outlives the test that started it.
"""

import gzip
import json
import os
import struct
import sys
import threading

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = 'videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=25/1'
X264 = 'x264enc speed-preset=ultrafast key-int-max=25 bitrate=400'
VIDEO = {
    'h264': f'{PICTURE} ! {X264} tune=zerolatency ! rtph264pay pt=96 config-interval=-1',
    'h264-bframes': f'{PICTURE} ! {X264} bframes=2 b-adapt=false rc-lookahead=2 sync-lookahead=0'
    ' ! video/x-h264,profile=main ! rtph264pay pt=96 config-interval=-1',
    'h265': f'{PICTURE} ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph265pay pt=97 config-interval=-1',
    'mjpeg': f'{PICTURE} ! jpegenc ! rtpjpegpay pt=26',
    # The encoder's times are from another epoch (gstreamer1.0-libav 1.22): its pictures are stamped anew.
    'mpeg4': f'{PICTURE} ! avenc_mpeg4 name=untimely gop-size=25 bitrate=800000 ! rtpmp4vpay pt=98 config-interval=-1',
}
TONE = 'audiotestsrc is-live=true wave=sine freq=1000 ! audio/x-raw,rate={rate},channels={channels}'
SOUND = {
    'pcmu': (8000, 1, 'mulawenc ! rtppcmupay'),
    'pcma': (8000, 1, 'alawenc ! rtppcmapay'),
    'opus': (48000, 2, 'opusenc ! rtpopuspay pt=101'),
    'aac': (48000, 2, 'voaacenc ! aacparse ! rtpmp4gpay pt=102'),
    # MP4A-LATM, the other way in which cameras send AAC.
    'aac-latm': (16000, 1, 'voaacenc ! aacparse ! rtpmp4apay pt=103'),
    # In the bit order of RFC 3551, and in that of AAL2.
    'g726': (8000, 1, 'avenc_g726 ! rtpg726pay pt=104 force-aal2=false'),
    # With force-aal2 the bits are those of AAL2 and the name is not.
    'g726-aal2': (8000, 1, 'avenc_g726 ! rtpg726pay pt=105 force-aal2=false ! application/x-rtp,encoding-name=AAL2-G726-32 ! identity'),
    'l16': (44100, 2, 'audioconvert ! rtpL16pay'),
}
# G.711 at 16 kHz: GStreamer's payloader has it at 8 kHz only.
WIDE = {'pcmu-16k': ('PCMU', 'mulawenc')}
WIDE_RATE = 16000
WIDE_SAMPLES = 320
METADATA = {'xml': 'VND.ONVIF.METADATA', 'gzip': 'VND.ONVIF.METADATA+GZIP'}
DOCUMENT_INTERVAL_MS = 200
# A source of RTP packets that this program makes.
PACKETS = 'appsrc name={name} is-live=true format=time do-timestamp=true caps="application/x-rtp,{caps}" ! identity'


def say(message):
    print(json.dumps(message), flush=True)


def exit_with_stdin():
    sys.stdin.buffer.read()
    os._exit(0)


def tracks(video, sound, metadata):
    """The launch lines of the tracks, and what else the media needs to be told."""
    yield VIDEO[video]
    if sound in SOUND:
        rate, channels, rest = SOUND[sound]
        yield f'{TONE.format(rate=rate, channels=channels)} ! {rest}'
    elif sound in WIDE:
        name, encoder = WIDE[sound]
        caps = f'media=audio,encoding-name={name},clock-rate={WIDE_RATE},payload=106'
        yield PACKETS.format(name='wide', caps=caps)
    if metadata in METADATA:
        caps = f'media=application,encoding-name={METADATA[metadata]},clock-rate=90000,payload=107'
        yield PACKETS.format(name='documents', caps=caps)


def launch(video, sound, metadata):
    lines = [f'{line} name=pay{number}' for number, line in enumerate(tracks(video, sound, metadata))]
    if sound in WIDE:
        encoder = WIDE[sound][1]
        tone = TONE.format(rate=WIDE_RATE, channels=1).replace('is-live=true', f'is-live=true samplesperbuffer={WIDE_SAMPLES}')
        lines.append(f'{tone} ! {encoder} ! appsink name=tone emit-signals=true sync=false')
    return f"( {' '.join(lines)} )"


class RtpSource:
    """Numbers what is pushed into an appsrc as RTP packets."""

    def __init__(self, source, payload_type):
        self.source = source
        self.payload_type = payload_type
        self.sequence_number = 0xFFFA

    def send(self, payload, timestamp, marker):
        self.sequence_number = (self.sequence_number + 1) & 0xFFFF
        second = (0x80 if marker else 0) | self.payload_type
        header = struct.pack('!BBHII', 0x80, second, self.sequence_number, timestamp & 0xFFFFFFFF, 0x4D455441)
        return self.source.emit('push-buffer', Gst.Buffer.new_wrapped(header + payload)) == Gst.FlowReturn.OK


class Documents:
    def __init__(self, source, compressed):
        self.rtp = RtpSource(source, 107)
        self.compressed = compressed
        self.count = 0
        GLib.timeout_add(DOCUMENT_INTERVAL_MS, self.send)

    def send(self):
        self.count += 1
        # Every fifth takes several packets.
        objects = 60 if self.count % 5 == 0 else 1
        shapes = ''.join(
            f'<tt:Object ObjectId="{number}"><tt:Appearance><tt:Shape><tt:BoundingBox left="-0.{number % 9 + 1}" top="0.5" right="0.5"'
            ' bottom="-0.5"/></tt:Shape></tt:Appearance></tt:Object>'
            for number in range(objects)
        )
        document = (
            '<?xml version="1.0" encoding="UTF-8"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema">'
            f'<tt:VideoAnalytics><tt:Frame UtcTime="2026-01-01T00:00:00Z" Source="Tür {self.count}">{shapes}</tt:Frame>'
            '</tt:VideoAnalytics></tt:MetadataStream>'
        ).encode()
        payload = gzip.compress(document) if self.compressed else document
        parts = [payload[start : start + 1200] for start in range(0, len(payload), 1200)]
        timestamp = self.count * DOCUMENT_INTERVAL_MS * 90
        return all([self.rtp.send(part, timestamp, number == len(parts) - 1) for number, part in enumerate(parts)])


class WideSound:
    def __init__(self, source, sink):
        self.rtp = RtpSource(source, 106)
        self.timestamp = 0
        sink.connect('new-sample', self.on_sample)

    def on_sample(self, sink):
        buffer = sink.emit('pull-sample').get_buffer()
        payload = buffer.extract_dup(0, buffer.get_size())
        self.rtp.send(payload, self.timestamp, self.timestamp == 0)
        self.timestamp += len(payload)
        return Gst.FlowReturn.OK


def stamp_anew(pad, info):
    buffer = info.get_buffer()
    element = pad.get_parent_element()
    buffer.pts = element.get_clock().get_time() - element.get_base_time()
    buffer.dts = Gst.CLOCK_TIME_NONE
    return Gst.PadProbeReturn.OK


def on_media(_factory, media, metadata):
    element = media.get_element()
    untimely = element.get_by_name('untimely')
    if untimely is not None:
        untimely.get_static_pad('src').add_probe(Gst.PadProbeType.BUFFER, stamp_anew)
    documents = element.get_by_name('documents')
    if documents is not None:
        Documents(documents, metadata == 'gzip')
    tone = element.get_by_name('tone')
    if tone is not None:
        WideSound(element.get_by_name('wide'), tone)


def main():
    threading.Thread(target=exit_with_stdin, daemon=True).start()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address('127.0.0.1')
    server.set_service('0')
    server.set_backlog(128)
    for video in VIDEO:
        for sound in ['none', *SOUND, *WIDE]:
            for metadata in ['none', *METADATA]:
                factory = GstRtspServer.RTSPMediaFactory()
                factory.set_launch(launch(video, sound, metadata))
                factory.connect('media-configure', on_media, metadata)
                server.get_mount_points().add_factory(f'/{video}+{sound}+{metadata}', factory)
    if server.attach(None) == 0:
        sys.exit('no port can be bound')
    say({'port': server.get_bound_port()})
    GLib.timeout_add_seconds(1, lambda: server.get_session_pool().cleanup() >= 0)
    GLib.MainLoop().run()


main()
