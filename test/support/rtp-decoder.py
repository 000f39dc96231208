"""Decodes one track with GStreamer, or takes ONVIF metadata apart with expat: RTP packets framed by RFC 4571 on standard input.

Prints one line of JSON: how many frames (video) or documents (metadata), how many seconds of sound, and what decoder or parser
complained about.
"""

import argparse
import json
import struct
import sys
import xml.etree.ElementTree

import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst  # noqa: E402

# The first error ends it, and what was only guessed is no frame.
VIDEO = 'max-errors=0 output-corrupt=false max-threads=1'
DECODERS = {
    'H264': f'rtph264depay wait-for-keyframe=true ! h264parse ! avdec_h264 {VIDEO}',
    'H265': f'rtph265depay ! h265parse ! avdec_h265 {VIDEO}',
    'MPEG4-GENERIC': 'rtpmp4gdepay ! aacparse ! avdec_aac max-errors=0',
    # avdec_aac does not take what rtpmp4adepay makes of the configuration, whoever sent it.
    'MP4A-LATM': 'rtpmp4adepay ! faad max-errors=0',
    'PCMU': 'rtppcmudepay ! mulawdec max-errors=0',
    'PCMA': 'rtppcmadepay ! alawdec max-errors=0',
    'G726-32': 'rtpg726depay ! avdec_g726 max-errors=0',
    'L16': 'rtpL16depay ! audioconvert',
    'OPUS': 'rtpopusdepay ! opusdec max-errors=0',
}


def decode(encoding_name, caps):
    launch = f'fdsrc fd=0 ! capsfilter name=from ! rtpstreamdepay ! {DECODERS[encoding_name]} ! fakesink name=to'
    pipeline = Gst.parse_launch(launch)
    pipeline.get_by_name('from').set_property('caps', Gst.Caps.from_string(caps))
    result = {'frames': 0, 'seconds': 0.0, 'problems': []}

    def count(pad, info):
        structure = pad.get_current_caps().get_structure(0)
        if structure.get_name() == 'video/x-raw':
            result['frames'] += 1
        else:
            depth = int(''.join(filter(str.isdigit, structure.get_string('format'))))
            sample = depth // 8 * structure.get_value('channels')
            result['seconds'] += info.get_buffer().get_size() / sample / structure.get_value('rate')
        return Gst.PadProbeReturn.OK

    pipeline.get_by_name('to').get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, count)
    pipeline.set_state(Gst.State.PLAYING)
    kinds = Gst.MessageType.EOS | Gst.MessageType.ERROR | Gst.MessageType.WARNING
    while True:
        message = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, kinds)
        if message.type == Gst.MessageType.EOS:
            break
        parse = message.parse_error if message.type == Gst.MessageType.ERROR else message.parse_warning
        result['problems'].append(' '.join(str(part) for part in parse()))
        if message.type == Gst.MessageType.ERROR:
            break
    pipeline.set_state(Gst.State.NULL)
    return result


def take_apart():
    result = {'frames': 0, 'seconds': 0.0, 'problems': []}
    data = sys.stdin.buffer.read()
    document = None
    offset = 0
    while offset < len(data):
        (length,) = struct.unpack_from('!H', data, offset)
        packet = data[offset + 2 : offset + 2 + length]
        offset += 2 + length
        # No extension, no CSRC, no padding: this is what the server sends.
        if document is not None:
            document += packet[12:]
        if packet[1] & 0x80 == 0:
            continue
        # What came before the first marker may be the end of a document.
        if document is not None:
            try:
                root = xml.etree.ElementTree.fromstring(document)
                if root.tag == '{http://www.onvif.org/ver10/schema}MetadataStream':
                    result['frames'] += 1
                else:
                    result['problems'].append(f'root {root.tag}')
            except xml.etree.ElementTree.ParseError as error:
                result['problems'].append(str(error))
        document = b''
    return result


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('encoding_name')
    arguments.add_argument('caps', nargs='?')
    options = arguments.parse_args()
    Gst.init(None)
    result = take_apart() if options.encoding_name == 'vnd.onvif.metadata' else decode(options.encoding_name, options.caps)
    print(json.dumps(result))


main()
