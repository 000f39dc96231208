"""An RTSP server of GStreamer's on loopback, for tests: H.264 and PCMU under /live.

Prints one line of JSON when it is ready, then one for each request that it serves. Ends when its standard input closes, so
that it never outlives the test that started it.
"""

import argparse
import json
import os
import socket
import sys
import threading

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtsp', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

TEST_LAUNCH = (
    '( videotestsrc is-live=true pattern=ball'
    ' ! video/x-raw,format=I420,width=320,height=240,framerate=25/1'
    ' ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=400'
    ' ! video/x-h264,profile=constrained-baseline ! rtph264pay name=pay0 pt=96 config-interval=-1'
    ' audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=8000,channels=1'
    ' ! mulawenc ! rtppcmupay name=pay1 )'
)
# What somebody else encoded and sends by RTP to sockets of ours; passed on as it is, only the RTP headers are new.
UDP_LAUNCH = (
    '( udpsrc name=video caps="application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96"'
    ' ! rtph264depay ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1'
    ' udpsrc name=audio caps="application/x-rtp,media=audio,encoding-name=PCMU,clock-rate=8000,payload=0"'
    ' ! rtppcmudepay ! rtppcmupay name=pay1 )'
)
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


def on_client(_server, client, session_timeout):
    for name in REQUESTS:
        client.connect(f'{name}-request', lambda _client, _context, name=name: say({'request': name}))
    if session_timeout is not None:
        client.connect('new-session', lambda _client, session: session.set_timeout(session_timeout))


def protect(server, factory, scheme, user, password, certificate):
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
    options = arguments.parse_args()
    threading.Thread(target=exit_with_stdin, daemon=True).start()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address('127.0.0.1')
    server.set_service(options.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_shared(True)
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
    if options.only_udp:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    if options.auth != 'none' or options.certificate is not None:
        protect(server, factory, options.auth, options.username, options.password, options.certificate)
    server.get_mount_points().add_factory('/live', factory)
    server.connect('client-connected', on_client, options.session_timeout)
    if server.attach(None) == 0:
        sys.exit(f'port {options.port} cannot be bound')
    say({'port': server.get_bound_port(), **ready})
    GLib.timeout_add_seconds(1, lambda: server.get_session_pool().cleanup() >= 0)
    GLib.MainLoop().run()


main()
