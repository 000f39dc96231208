"""An RTSP server of GStreamer's on loopback, for tests: H.264 and PCMU under /live, with --all-mounts each codec under its name.

Prints one line of JSON when it is ready, then one for each request that it serves. Ends when its standard input closes, so
that it never outlives the test that started it.
"""

import argparse
import functools
import hashlib
import itertools
import json
import os
import socket
import struct
import sys
import threading
import time

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtsp', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

# A media of which a client sets up the backchannel alone has tracks that lead nowhere; they end with an error then, which now and then
# takes the backchannel with it (gst-rtsp-server 1.22).
UNLINKED = 'errorignore ignore-notlinked=true convert-to=ok'
TEST_LAUNCH = (
    '( videotestsrc is-live=true pattern=ball'
    ' ! video/x-raw,format=I420,width=320,height=240,framerate=25/1'
    ' ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=400'
    f' ! video/x-h264,profile=constrained-baseline ! {UNLINKED} ! rtph264pay name=pay0 pt=96 config-interval=-1'
    ' audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=8000,channels=1'
    f' ! mulawenc ! {UNLINKED} ! rtppcmupay name=pay1 )'
)
# What somebody else encoded and sends by RTP to sockets of ours; passed on as it is, only the RTP headers are new.
UDP_LAUNCH = (
    '( udpsrc name=video caps="application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96"'
    ' ! rtph264depay ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1'
    ' udpsrc name=audio caps="application/x-rtp,media=audio,encoding-name=PCMU,clock-rate=8000,payload=0"'
    ' ! rtppcmudepay ! rtppcmupay name=pay1 )'
)
AUDIO = 'audiotestsrc is-live=true wave=sine ! audio/x-raw,rate={rate},channels={channels}'
PICTURE = (
    'videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=25/1'
)
# One track each. What is not said in a comment is as the payloader makes it by itself.
MOUNTS = {
    'h264': f'{PICTURE} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay pt=96',
    'h265': f'{PICTURE} ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph265pay pt=97',
    'aac': f'{AUDIO} ! voaacenc ! aacparse ! rtpmp4gpay pt=98'.format(rate=16000, channels=1),
    # MP4A-LATM, the other way in which cameras send AAC.
    'aac-latm': f'{AUDIO} ! voaacenc ! aacparse ! rtpmp4apay pt=99'.format(rate=16000, channels=1),
    'pcmu': f'{AUDIO} ! mulawenc ! rtppcmupay'.format(rate=8000, channels=1),
    'pcma': f'{AUDIO} ! alawenc ! rtppcmapay'.format(rate=8000, channels=1),
    # In the bit order of RFC 3551, as cameras do.
    'g726': f'{AUDIO} ! avenc_g726 ! rtpg726pay pt=100 force-aal2=false'.format(rate=8000, channels=1),
    'l16': f'{AUDIO} ! audioconvert ! rtpL16pay pt=102'.format(rate=44100, channels=2),
    'opus': f'{AUDIO} ! opusenc ! rtpopuspay pt=101'.format(rate=48000, channels=2),
    'metadata': 'appsrc name=documents is-live=true format=time do-timestamp=true'
    ' caps="application/x-rtp,media=application,encoding-name=VND.ONVIF.METADATA,clock-rate=90000,payload=107" ! identity',
}
DOCUMENT_INTERVAL_MS = 200
SEEDED_INTERVAL_MS = 100
# The ONVIF backchannel: what comes is said as it is.
BACKCHANNEL = (
    '( capsfilter name=depay_backchannel caps="application/x-rtp,media=audio,payload={payload},clock-rate={rate},encoding-name={name}"'
    ' ! appsink name=heard emit-signals=true sync=false async=false )'
)
BACKCHANNEL_CODECS = {
    'pcmu': {'payload': 0, 'rate': 8000, 'name': 'PCMU'},
    'pcma': {'payload': 8, 'rate': 8000, 'name': 'PCMA'},
    'g726': {'payload': 99, 'rate': 8000, 'name': 'G726-32'},
}
REQUESTS = ['options', 'describe', 'setup', 'play', 'pause', 'teardown', 'get-parameter', 'set-parameter']


def say(message):
    print(json.dumps(message), flush=True)


def exit_with_stdin():
    sys.stdin.buffer.read()
    os._exit(0)


def udp_socket():
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(('127.0.0.1', 0))
    bound.setblocking(False)
    return bound


def on_media_configure(_factory, media, sockets):
    for name, bound in sockets.items():
        # What came while nobody watched is old.
        while True:
            try:
                bound.recv(65536)
            except BlockingIOError:
                break
        source = media.get_element().get_by_name(name)
        source.set_property('socket', Gio.Socket.new_from_fd(os.dup(bound.fileno())))


def small_document(number):
    # Every fifth takes several packets.
    objects = 40 if number % 5 == 0 else 1
    shapes = ''.join(
        f'<tt:Object ObjectId="{number}"><tt:Appearance><tt:Shape><tt:BoundingBox left="-0.5" top="0.5" right="0.5"'
        ' bottom="-0.5"/></tt:Shape></tt:Appearance></tt:Object>'
        for number in range(objects)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema">'
        f'<tt:VideoAnalytics><tt:Frame UtcTime="2026-01-01T00:00:00Z" Source="Tür {number}">{shapes}</tt:Frame>'
        '</tt:VideoAnalytics></tt:MetadataStream>'
    ).encode()


def seeded_document(seed, number):
    """The same bytes as seededDocument() of metadata-documents.ts: 200 to 60,000, of objects as cameras write them."""

    def digest(block):
        return hashlib.sha256(f'{seed}:{number}:{block}'.encode())

    length = 200 + int.from_bytes(digest('length').digest()[:4], 'big') % 59801
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema">'
        f'<!--{seed} {number} Tür-->'
    )
    foot = '</tt:MetadataStream>'
    room = length - len((text + foot).encode())
    for block in itertools.count():
        box = '<tt:BoundingBox left="-0.5" top="0.5" right="0.5" bottom="-0.5"/>'
        more = f'<tt:Object ObjectId="{digest(block).hexdigest()[:16]}"><tt:Appearance><tt:Shape>{box}</tt:Shape></tt:Appearance></tt:Object>'
        if len(more) > room:
            break
        text += more
        room -= len(more)
    return (text + ' ' * room + foot).encode()


class MetadataTrack:
    """Makes RTP packets of ONVIF metadata documents (ONVIF Streaming specification, "RTP for Metadata stream")."""

    def __init__(self, source, document, interval):
        self.source = source
        self.document = document
        self.interval = interval
        self.sequence_number = 0xFFFA
        self.documents = 0
        GLib.timeout_add(interval, self.send_document)

    def send_document(self):
        self.documents += 1
        document = self.document(self.documents)
        parts = [document[start : start + 1200] for start in range(0, len(document), 1200)]
        for number, part in enumerate(parts):
            marker = 0x80 if number == len(parts) - 1 else 0
            self.sequence_number = (self.sequence_number + 1) & 0xFFFF
            timestamp = self.documents * self.interval * 90 & 0xFFFFFFFF
            header = struct.pack('!BBHII', 0x80, marker | 107, self.sequence_number, timestamp, 0x4D455441)
            buffer = Gst.Buffer.new_wrapped(header + part)
            if self.source.emit('push-buffer', buffer) != Gst.FlowReturn.OK:
                return False
        return True


def metadata_track(_factory, media, document, interval):
    MetadataTrack(media.get_element().get_by_name('documents'), document, interval)


def say_what_is_heard(_factory, media):
    sink = media.get_element().get_by_name('heard')
    if sink is not None:
        sink.connect('new-sample', on_heard)


def on_heard(sink):
    at = time.time() * 1000
    buffer = sink.emit('pull-sample').get_buffer()
    say({'heard': buffer.extract_dup(0, buffer.get_size()).hex(), 'at': at})
    return Gst.FlowReturn.OK


def on_client(_server, client, session_timeout):
    for name in REQUESTS:
        client.connect(f'{name}-request', lambda _client, _context, name=name: say({'request': name}))
    if session_timeout is not None:
        client.connect('new-session', lambda _client, session: session.set_timeout(session_timeout))


def protect(server, factories, scheme, user, password, certificate):
    auth = GstRtspServer.RTSPAuth()
    if certificate is not None:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(certificate))
    token = GstRtspServer.RTSPToken()
    token.set_string('media.factory.role', 'viewer')
    if scheme == 'none':
        auth.set_default_token(token)
    elif scheme == 'basic':
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role('viewer', 'media.factory.access', True)
    permissions.add_permission_for_role('viewer', 'media.factory.construct', True)
    for factory in factories:
        factory.set_permissions(permissions)
    server.set_auth(auth)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--port', default='0')
    arguments.add_argument('--auth', choices=['none', 'basic', 'digest'], default='none')
    arguments.add_argument('--username', default='')
    arguments.add_argument('--password', default='')
    arguments.add_argument('--session-timeout', type=int)
    arguments.add_argument('--certificate', help='PEM file with certificate and key; RTSP is inside TLS then')
    arguments.add_argument('--only-udp', action='store_true')
    arguments.add_argument('--from-udp', action='store_true')
    arguments.add_argument('--all-mounts', action='store_true')
    arguments.add_argument('--documents', help='seed of the metadata documents that come with a picture under /documents')
    arguments.add_argument('--backchannel', choices=list(BACKCHANNEL_CODECS))
    options = arguments.parse_args()
    threading.Thread(target=exit_with_stdin, daemon=True).start()

    Gst.init(None)
    server = GstRtspServer.RTSPServer() if options.backchannel is None else GstRtspServer.RTSPOnvifServer()
    server.set_address('127.0.0.1')
    server.set_service(options.port)
    # GStreamer's own 5 are soon too few where many tests connect at once; the system then resets some connections.
    server.set_backlog(128)
    if options.backchannel is None:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_shared(True)
    else:
        # Not shared: who asks for the backchannel has a session of his own.
        factory = GstRtspServer.RTSPOnvifMediaFactory()
        factory.set_media_gtype(GstRtspServer.RTSPOnvifMedia)
        factory.set_backchannel_launch(BACKCHANNEL.format(**BACKCHANNEL_CODECS[options.backchannel]))
        factory.connect('media-configure', say_what_is_heard)
        # Its own jitter buffer would hold back what came.
        factory.set_latency(0)
    factories = {'/live': factory}
    ready = {}
    if options.from_udp:
        factory.set_launch(UDP_LAUNCH)
        sockets = {'video': udp_socket(), 'audio': udp_socket()}
        # Reports of the sender need somewhere to go where they disturb nobody.
        reports = udp_socket()
        factory.connect('media-configure', on_media_configure, sockets)
        ready = {name: bound.getsockname()[1] for name, bound in [*sockets.items(), ('reports', reports)]}
    else:
        factory.set_launch(TEST_LAUNCH)
    if options.all_mounts:
        # Each client has one of its own: who joins a shared one makes it lose packets for all, or answer 503.
        for name, launch in MOUNTS.items():
            factories[f'/{name}'] = GstRtspServer.RTSPMediaFactory()
            factories[f'/{name}'].set_launch(f'( {launch} name=pay0 )')
        factories['/metadata'].connect('media-configure', metadata_track, small_document, DOCUMENT_INTERVAL_MS)
    if options.documents is not None:
        factories['/documents'] = GstRtspServer.RTSPMediaFactory()
        factories['/documents'].set_launch(f"( {MOUNTS['h264']} name=pay0 {MOUNTS['metadata']} name=pay1 )")
        document = functools.partial(seeded_document, options.documents)
        factories['/documents'].connect('media-configure', metadata_track, document, SEEDED_INTERVAL_MS)
    if options.only_udp:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    if options.auth != 'none' or options.certificate is not None:
        protect(server, factories.values(), options.auth, options.username, options.password, options.certificate)
    for path, each in factories.items():
        server.get_mount_points().add_factory(path, each)
    server.connect('client-connected', on_client, options.session_timeout)
    if server.attach(None) == 0:
        sys.exit(f'port {options.port} cannot be bound')
    say({'port': server.get_bound_port(), **ready})
    GLib.timeout_add_seconds(1, lambda: server.get_session_pool().cleanup() >= 0)
    GLib.MainLoop().run()


main()
