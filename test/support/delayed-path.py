"""A cable whose frames arrive later than they were sent, in both directions: python3 delayed-path.py ONE OTHER MILLISECONDS

ONE and OTHER are interfaces, in a namespace where nothing else listens to them. Says `ready` when frames pass.
"""

import collections
import os
import select
import socket
import sys
import time

ETH_P_ALL = 3
# linux/if_packet.h, which Python has no names for.
SOL_PACKET = 263
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
# linux/if_packet.h again: the largest segment that the kernel hands over in one piece, and the header before it.
FRAME_BYTES = 65_536 + 64
# Of a socket: more than the queue of the slowest link behind it, in the kernel's own count of memory.
HELD_BYTES = 16 * 1024 * 1024


def open_end(name):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    # Checksums and segments that the sender left to its network card are passed on as such: no card is between them.
    end.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        # SO_RCVBUFFORCE is 33, SO_SNDBUFFORCE 32.
        end.setsockopt(socket.SOL_SOCKET, 33 if option == socket.SO_RCVBUF else 32, HELD_BYTES)
    end.bind((name, 0))
    end.setblocking(False)
    return end


def read_all(end, waiting, due):
    try:
        while True:
            waiting.append((due, end.recv(FRAME_BYTES)))
    except BlockingIOError:
        pass


def send_due(end, waiting, now):
    while waiting and waiting[0][0] <= now:
        try:
            end.send(waiting.popleft()[1])
        except OSError:
            # What the link has no room for is lost, as on any.
            pass


try:
    # A cable is not kept waiting by a processor that has much to do.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
except PermissionError:
    pass
delay = float(sys.argv[3]) / 1000
ends = [open_end(name) for name in sys.argv[1:3]]
# Of each end what came in by it, and when it is to go out by the other.
held = [collections.deque(), collections.deque()]
print('ready', flush=True)
while True:
    first = min((waiting[0][0] for waiting in held if waiting), default=None)
    timeout = None if first is None else max(0, first - time.monotonic())
    readable, _, _ = select.select(ends, [], [], timeout)
    now = time.monotonic()
    for end, waiting in zip(ends, held):
        if end in readable:
            read_all(end, waiting, now + delay)
    for other, waiting in zip(reversed(ends), held):
        send_due(other, waiting, now)
