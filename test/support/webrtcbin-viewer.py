"""Watches one camera as a client of ONVIF WebRTC with GStreamer's webrtcbin, until it is ended.

Prints a line of JSON for the codec of the picture, for each candidate that it sends, for the path that is in use, and for each ten decoded frames.
"""

import argparse
import asyncio
import json
import sys
import threading

import gi
import websockets

gi.require_version('Gst', '1.0')
gi.require_version('GstSdp', '1.0')
gi.require_version('GstWebRTC', '1.0')
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402


DECODERS = {
    'H264': 'rtph264depay ! h264parse ! avdec_h264',
    'H265': 'rtph265depay ! h265parse ! avdec_h265',
}


def say(**message):
    print(json.dumps(message), flush=True)


class Viewer:
    def __init__(self, loop, send):
        self.loop = loop
        self.send = send
        self.session = None
        self.candidates = []
        self.answered = False
        self.frames = 0
        self.pipeline = Gst.Pipeline()
        self.webrtc = Gst.ElementFactory.make('webrtcbin')
        self.webrtc.set_property('bundle-policy', GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.webrtc.connect('on-ice-candidate', self.on_candidate)
        self.webrtc.connect('pad-added', self.on_pad)
        self.pipeline.add(self.webrtc)
        self.pipeline.set_state(Gst.State.PLAYING)

    async def answer(self, offer):
        _, message = GstSdp.SDPMessage.new_from_text(offer)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, message)
        await self.ask('set-remote-description', description)
        reply = await self.ask('create-answer', None)
        answer = reply.get_value('answer')
        await self.ask('set-local-description', answer)
        return answer.sdp.as_text()

    def ask(self, action, argument):
        """Emits an action of webrtcbin; its reply comes in one of webrtcbin's threads."""
        future = self.loop.create_future()

        def done(promise):
            self.loop.call_soon_threadsafe(future.set_result, promise.get_reply())

        self.webrtc.emit(action, argument, Gst.Promise.new_with_change_func(done))
        return future

    def add_candidate(self, candidate):
        if candidate.get('candidate'):
            self.webrtc.emit('add-ice-candidate', candidate.get('sdpMLineIndex') or 0, candidate['candidate'])

    def on_candidate(self, _, index, text):
        self.loop.call_soon_threadsafe(self.trickle, {'candidate': text, 'sdpMLineIndex': index})

    def trickle(self, candidate=None):
        """The device is not to get candidates before the answer."""
        if candidate is not None:
            self.candidates.append(candidate)
        while self.answered and self.candidates:
            candidate = self.candidates.pop(0)
            say(candidate=candidate['candidate'])
            self.send({'method': 'trickle', 'params': {'session': self.session, 'candidate': candidate}})

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        structure = pad.get_current_caps().get_structure(0)
        media = structure.get_string('media')
        launch = 'fakesink'
        if media == 'video':
            codec = structure.get_string('encoding-name')
            say(codec=codec)
            launch = f'{DECODERS[codec]} ! fakesink name=frames'
        sink = Gst.parse_bin_from_description(launch, True)
        if media == 'video':
            sink.get_by_name('frames').get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, self.on_frame)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad('sink'))

    def on_frame(self, *_):
        self.frames += 1
        if self.frames % 10 == 0:
            say(frames=self.frames)
        if self.frames == 10:
            self.webrtc.emit('get-stats', None, Gst.Promise.new_with_change_func(self.on_stats))
        return Gst.PadProbeReturn.OK

    def on_stats(self, promise):
        reply = promise.get_reply()
        path = {}
        for index in range(reply.n_fields()):
            name = reply.nth_field_name(index)
            # By the name, since GStreamer 1.22 takes local for remote in the type.
            side = next((side for side in ('local', 'remote') if name.startswith(f'ice-candidate-{side}_')), None)
            if side is not None:
                entry = reply.get_value(name)
                path[side] = {
                    'type': entry.get_string('candidate-type'),
                    'protocol': entry.get_string('protocol'),
                    'address': entry.get_string('address'),
                    'port': entry.get_uint('port')[1],
                }
        say(path=path)


async def watch(options):
    loop = asyncio.get_running_loop()
    url = options.server if options.token is None else f'{options.server}?access_token={options.token}'
    authorization = {} if options.token is None else {'authorization': options.token}
    async with websockets.connect(url, subprotocols=['webrtc.onvif.org'], compression=None) as socket:
        outgoing = asyncio.Queue()

        def send(message):
            outgoing.put_nowait(json.dumps({'jsonrpc': '2.0', **message}))

        async def write():
            while True:
                await socket.send(await outgoing.get())

        writer = asyncio.create_task(write())
        viewer = Viewer(loop, send)
        send({'id': 1, 'method': 'register', 'params': authorization})
        async for frame in socket:
            message = json.loads(frame)
            method, params = message.get('method'), message.get('params')
            if message.get('id') == 1 and method is None:
                send({'id': 2, 'method': 'connect', 'params': {'peer': options.peer, **authorization}})
            elif method == 'invite':
                viewer.session = params['session']
                answer = await viewer.answer(params['offer'])
                send({'id': message['id'], 'result': {'answer': answer, 'subprotocols': []}})
                viewer.answered = True
                viewer.trickle()
            elif method == 'trickle':
                viewer.add_candidate(params['candidate'])
            elif 'error' in message:
                say(error=message['error'])
        writer.cancel()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--server', required=True)
    arguments.add_argument('--peer', required=True)
    arguments.add_argument('--token')
    options = arguments.parse_args()
    Gst.init(None)
    threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
    asyncio.run(watch(options))


if __name__ == '__main__':
    sys.exit(main())
