"""A path by TCP as a network has it: its segments are small, and so is what it holds. Ends in another place: python3 tcp-path.py HOST PORT

Says the port that it listens on. While the process is stopped (SIGSTOP) the path takes nothing.
"""

import socket
import sys
import threading

SEGMENT_BYTES = 1400
HELD_BYTES = 32 * 1024


def carry(source, target):
    try:
        while data := source.recv(HELD_BYTES):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


listener = socket.socket()
# Of loopback both are far larger by themselves: a stall would not be felt for many seconds.
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, HELD_BYTES)
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
listener.bind(('127.0.0.1', 0))
listener.listen()
print(f'port {listener.getsockname()[1]}', flush=True)
while True:
    near, _ = listener.accept()
    far = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    for ends in ((near, far), (far, near)):
        threading.Thread(target=carry, args=ends, daemon=True).start()
