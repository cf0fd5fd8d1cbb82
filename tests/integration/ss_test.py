"""`ft ss`: what it says of sockets in every state, held against what iproute2's `ss` says."""
import json
import os
import re
import socket
import struct
import subprocess
import unittest

from programs import FT, command, need, own_network, run, temporary_folder, wait_until

TCP_DEFER_ACCEPT = 9
# Of ss -i and of TCP_INFO, with what ss divides by. Those that are 0 ss leaves out.
NUMBERS = {"mss": "send_segment_bytes", "pmtu": "path_mtu_bytes", "rcvmss": "receive_segment_bytes",
           "advmss": "advertised_segment_bytes", "cwnd": "congestion_window",
           "bytes_sent": "bytes_sent", "bytes_acked": "bytes_acknowledged",
           "bytes_received": "bytes_received", "segs_out": "segments_sent",
           "segs_in": "segments_received", "data_segs_out": "data_segments_sent",
           "data_segs_in": "data_segments_received", "delivered": "delivered",
           "unacked": "unacknowledged_segments", "rcv_space": "receive_space_bytes",
           "rcv_ssthresh": "receive_threshold_bytes", "notsent": "bytes_not_sent",
           "backoff": "backoff", "lost": "lost_segments", "ssthresh": "slow_start_threshold",
           "bytes_retrans": "bytes_retransmitted", "snd_wnd": "send_window_bytes"}
TIMES = {"rto": "retransmission_timeout", "minrtt": "least_round_trip",
         "ato": "acknowledgement_timeout"}
STATES = {"LISTEN": "listening", "ESTAB": "established", "SYN-SENT": "syn-sent",
          "SYN-RECV": "syn-recv", "FIN-WAIT-1": "fin-wait-1", "FIN-WAIT-2": "fin-wait-2",
          "TIME-WAIT": "time-wait", "CLOSE-WAIT": "close-wait", "LAST-ACK": "last-ack",
          "CLOSING": "closing", "UNCONN": "closed"}
MEMORY = {"r": "receive_allocated", "rb": "receive_buffer", "t": "send_allocated",
          "tb": "send_buffer", "f": "reserved", "w": "send_queued", "o": "options",
          "bl": "backlog", "d": "drops"}


def listener(address="127.0.0.1", backlog=128, family=socket.AF_INET):
    made = socket.socket(family)
    made.bind((address, 0))
    made.listen(backlog)
    return made


def pair(at):
    client = socket.create_connection(at.getsockname()[:2])
    return client, at.accept()[0]


def fill(peer):
    """Writes until the other end takes no more."""
    peer.setblocking(False)
    while True:
        try:
            peer.send(bytes(1 << 16))
        except BlockingIOError:
            return peer


def in_every_state():
    """Sockets of TCP in each state that two programs can keep them in, and some of other kinds."""
    kept = [listener(), listener("::1", family=socket.AF_INET6)]
    at, at6 = kept
    for _ in range(40):
        kept += pair(at)
    for _ in range(10):
        kept += pair(at6)
    some = pair(at)
    some[0].sendall(b"unread" * 1000)
    kept += some
    # Half closed: fin-wait-2 and close-wait.
    half = pair(at)
    half[0].shutdown(socket.SHUT_WR)
    kept += half
    # Closed by both: time-wait.
    for _ in range(5):
        client, server = pair(at)
        client.close()
        server.close()
    # The end cannot be sent, as the peer's window is shut: fin-wait-1, and last-ack.
    stuck = pair(at)
    fill(stuck[0]).shutdown(socket.SHUT_WR)
    kept += stuck
    last = pair(at)
    last[1].shutdown(socket.SHUT_WR)
    fill(last[0]).close()
    kept.append(last[1])
    # The server waits for bytes before it takes the connection: syn-recv.
    deferring = socket.socket()
    deferring.setsockopt(socket.IPPROTO_TCP, TCP_DEFER_ACCEPT, 60)
    deferring.bind(("127.0.0.1", 0))
    deferring.listen()
    kept += [deferring, socket.create_connection(deferring.getsockname())]
    # A host that does not answer: syn-sent.
    command("ip link add v0 type veth peer name v1")
    command("ip link set v1 up")
    command("ip link set v0 up")
    command("ip addr add 10.9.0.1/24 dev v0")
    command("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev v0")
    silent = socket.socket()
    silent.setblocking(False)
    silent.connect_ex(("10.9.0.2", 80))
    kept.append(silent)
    # A full accept queue.
    full = listener(backlog=1)
    kept += [full, *(socket.create_connection(full.getsockname()) for _ in range(2))]
    # Keepalive, and a mark.
    asked = pair(at)
    asked[0].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    kept += asked
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    talking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    talking.connect(udp.getsockname())
    talking.send(b"unread")
    kept += [udp, talking, socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
             socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))]
    return kept


def by_cookie(*kinds):
    done = run("ss", *kinds, "--all", "--processes", "--info", "--memory", "--timers", "--json")
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return {each["cookie"]: each for each in json.loads(done.stdout)}


def of_ss(*kinds):
    done = subprocess.run(["ss", *kinds, "-anpiemoOH"], capture_output=True, text=True, check=True)
    rows = {}
    for line in done.stdout.splitlines():
        cookie = int(re.search(r" sk:([0-9a-f]+)", line)[1], 16)
        rows[cookie] = line
    return rows


def told_by_ss(line):
    """What a line of ss tells, by the names that `ft ss --json` uses."""
    state, receive, send, local, peer = line.split()[:5]
    told = {"state": STATES[state], "receive_queue": int(receive), "send_queue": int(send),
            "local": local, "peer": peer}
    inode = re.search(r"\bino:(\d+)", line)
    told["inode"] = int(inode[1]) if inode else 0
    user = re.search(r"\buid:(\d+)", line)
    told["user"] = int(user[1]) if user else 0
    told["processes"] = sorted(
        (name, int(pid), int(fd)) for name, pid, fd in
        re.findall(r'\("([^"]*)",pid=(\d+),fd=(\d+)\)', line))
    timer = re.search(r"\btimer:\((\w+),", line)
    if timer:
        told["timer"] = {"on": "retransmission", "keepalive": "keepalive", "timewait": "time-wait",
                         "persist": "probe"}[timer[1]]
    memory = re.search(r"\bskmem:\(([^)]*)\)", line)
    if memory:
        for name, number in re.findall(r"([a-z]+)(\d+)", memory[1]):
            told["memory." + MEMORY[name]] = int(number)
    for name, ours in NUMBERS.items():
        found = re.search(rf"\b{name}:(\d+)", line)
        if found:
            told["tcp_info." + ours] = int(found[1])
    for name, ours in TIMES.items():
        found = re.search(rf"\b{name}:([\d.]+)", line)
        if found:
            told["tcp_info." + ours] = round(float(found[1]) * 1000)
    rtt = re.search(r"\brtt:([\d.]+)/([\d.]+)", line)
    if rtt:
        told["tcp_info.round_trip"] = round(float(rtt[1]) * 1000)
        told["tcp_info.round_trip_variation"] = round(float(rtt[2]) * 1000)
    scales = re.search(r"\bwscale:(\d+),(\d+)", line)
    if scales:
        told["tcp_info.send_window_scale"] = int(scales[1])
        told["tcp_info.receive_window_scale"] = int(scales[2])
    retransmitted = re.search(r"\bretrans:(\d+)/(\d+)", line)
    if retransmitted:
        told["tcp_info.retransmitted_segments"] = int(retransmitted[1])
        told["tcp_info.total_retransmissions"] = int(retransmitted[2])
    return told


def as_ss_writes(end):
    """ss has 0.0.0.0 where any address is meant."""
    return re.sub(r"^\*:", "0.0.0.0:", end)


def told_by_us(row):
    told = {name: row[name] for name in ("state", "receive_queue", "send_queue", "inode")}
    for end in ("local", "peer"):
        told[end] = as_ss_writes(row[end])
    told["user"] = row.get("user", 0)
    told["processes"] = sorted((each["name"], each["pid"], each["descriptor"])
                               for each in row["processes"])
    if "timer" in row:
        told["timer"] = row["timer"]["what"]
    for group in ("memory", "tcp_info"):
        told.update({f"{group}.{name}": value for name, value in row.get(group, {}).items()})
    return told


class BesideSs(unittest.TestCase):
    def setUp(self):
        need("ss")
        own_network()
        self.kept = in_every_state()

    def tearDown(self):
        for each in self.kept:
            each.close()

    def compare(self, *kinds):
        """Field by field, those that stand still from before ss looks to after."""
        before, theirs, after = by_cookie(*kinds), of_ss(*kinds), by_cookie(*kinds)
        lasting = before.keys() & after.keys()
        self.assertEqual(lasting - theirs.keys(), set(), "ss does not know these")
        self.assertEqual(theirs.keys() - before.keys() - after.keys(), set(),
                         "these are not listed")
        compared = 0
        for cookie in lasting:
            first, second = told_by_us(before[cookie]), told_by_us(after[cookie])
            for name, value in told_by_ss(theirs[cookie]).items():
                # What changed meanwhile can be compared with nothing.
                if name in first and first[name] == second.get(name):
                    compared += 1
                    self.assertEqual(first[name], value, f"{name} of {theirs[cookie]}")
                else:
                    self.assertTrue(name in first or name in second, f"{name}: {theirs[cookie]}")
        return compared, {row["state"] for row in before.values()}

    def test_H1_tcp_sockets_in_all_states_are_told_as_ss_tells_them(self):
        compared, states = self.compare("-t")
        self.assertEqual(states, {"listening", "established", "syn-sent", "syn-recv", "fin-wait-1",
                                  "fin-wait-2", "time-wait", "close-wait", "last-ack"})
        self.assertGreater(compared, 2000)

    def test_H1_datagram_sockets_are_told_as_ss_tells_them(self):
        compared, states = self.compare("-u")
        self.assertEqual(states, {"closed", "established"})
        self.assertGreater(compared, 30)

    def test_H1_filters_choose_the_sockets_that_ss_chooses(self):
        port = self.kept[0].getsockname()[1]
        for words in (f"state established ( dport = :{port} or sport = :{port} )",
                      f"state all dst 127.0.0.0/8 and not sport < :{port}",
                      "state all exclude time-wait src [::1]",
                      f"state time-wait state close-wait dst 127.0.0.1:{port}",
                      f"state big dport != :{port} and sport >= :1024",
                      "state synchronized dst 10.0.0.0/8", "state connected dst 10.0.0.0/8"):
            ours = run("ss", "-t", "--json", words)
            self.assertEqual(ours.returncode, 0, ours.stderr)
            theirs = subprocess.run(["ss", "-tnH", *words.split()], capture_output=True, text=True,
                                    check=True).stdout.splitlines()
            self.assertEqual(
                sorted((as_ss_writes(each["local"]), as_ss_writes(each["peer"]))
                       for each in json.loads(ours.stdout)),
                sorted(tuple(line.split()[-2:]) for line in theirs), words)

    def test_other_kinds_are_listed(self):
        kinds = {each["protocol"]: each for each in
                 json.loads(run("ss", "-w", "-0", "-a", "-p", "--json").stdout)}
        self.assertEqual(set(kinds), {"raw", "packet raw"})
        self.assertEqual(kinds["raw"]["raw_protocol"], socket.IPPROTO_ICMP)
        self.assertEqual(kinds["packet raw"]["local"], "arp:*")
        for each in kinds.values():
            self.assertEqual(each["processes"][0]["pid"], os.getpid())

    def test_H1_totals_are_of_all_that_is_listed(self):
        rows = json.loads(run("ss", "-t", "-a", "--json").stdout)
        for key in ("state", "peer"):
            totals = json.loads(run("ss", "-t", "-a", "--group-by", key, "--json").stdout)
            self.assertEqual(sum(each["sockets"] for each in totals), len(rows))
        by_state = {each["state"]: each["sockets"] for each in
                    json.loads(run("ss", "-ta", "-g", "state", "--json").stdout)}
        self.assertEqual(by_state["time-wait"],
                         sum(each["state"] == "time-wait" for each in rows))
        waiting = json.loads(run("ss", "-t", "-g", "destination", "--json",
                                 "state time-wait").stdout)
        self.assertEqual([each["sockets"] for each in waiting], [5])
        port = self.kept[0].getsockname()[1]
        self.assertEqual(waiting[0]["destination"], f"127.0.0.1:{port}")
        by_process = json.loads(run("ss", "-t", "-g", "process", "--json").stdout)
        self.assertIn(f"pid {os.getpid()}", by_process[0]["process"])

    def test_H2_a_full_accept_queue_is_seen(self):
        queues = [each["accept_queue"] for each in
                  json.loads(run("ss", "-tl", "--json").stdout)]
        self.assertIn({"waiting": 2, "most": 1}, queues)
        self.assertRegex(run("ss", "-tl").stdout, r"listening  2 waiting +of 1 ")

    def test_the_table_names_things(self):
        table = run("ss", "-t", "-p", "-i", "-m", "-o").stdout
        self.assertRegex(table, r"^protocol +state +receive +send +local +peer +process\n")
        self.assertRegex(table, rf"\ntcp +close-wait +\d+ +\d+ +127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +"
                                rf"\S+ pid {os.getpid()} fd \d+\n")
        self.assertIn("timer keepalive in 7", table)
        self.assertRegex(table, r"timer retransmission in \d+ ms")
        self.assertRegex(table, r"memory: receive \d+ of \d+, send \d+ of \d+")
        self.assertRegex(table, r"rtt [\d.]+ ms \+- [\d.]+ ms, .*mss \d+, path mtu \d+")
        self.assertNotIn("time-wait", table)

    def test_it_lists_again_and_again(self):
        with subprocess.Popen([FT, "ss", "-t", "-l", "--watch", "1ms"], stdout=subprocess.PIPE,
                              text=True) as watching:
            heads = 0
            while heads < 3:
                heads += watching.stdout.readline().startswith("protocol")
            watching.kill()


class UnixSockets(unittest.TestCase):
    def test_H1_they_are_told_as_ss_tells_them(self):
        need("ss")
        own_network()
        with temporary_folder() as folder:
            path = f"{folder}/socket"
            kept = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX),
                    *socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
                    *socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)]
            kept[0].bind(path)
            kept[0].listen(7)
            kept[1].bind("\0ft-of\0" + str(os.getpid()))
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            kept[2].send(b"unread")
            rows = {row["inode"]: row for row in by_cookie("-x").values()}
            theirs = subprocess.run(["ss", "-xanpH"], capture_output=True, text=True,
                                    check=True).stdout.splitlines()
            self.assertEqual(len(rows), len(theirs))
            for line in theirs:
                kind, state, receive, send, name, inode, _, peer = line.split()[:8]
                row = rows[int(inode)]
                self.assertEqual(row["peer_inode"] if int(peer) else 0, int(peer))
                self.assertEqual(row["local"].replace("\\x00", "@"), name)
                self.assertEqual(row["protocol"], {"u_str": "unix stream", "u_dgr": "unix datagram",
                                                   "u_seq": "unix seqpacket"}[kind])
                self.assertEqual((row["state"], row["receive_queue"], row["send_queue"]),
                                 (STATES[state], int(receive), int(send)))
                for each in row["processes"]:
                    self.assertIn(f"pid={each['pid']},fd={each['descriptor']})", line)
            by_name = {row["local"]: row for row in rows.values() if row["state"] == "listening"}
            self.assertEqual(by_name[path]["receive_queue"], 1)
            self.assertEqual(by_name[path]["send_queue"], 7)
            self.assertIn(f"@ft-of\\x00{os.getpid()}", {row["local"] for row in rows.values()})
            found = json.loads(run("ss", "-x", "-a", "--json", "src", f'"{folder}/*"').stdout)
            # The listener, and the end that waits to be accepted, which has its name.
            self.assertEqual({each["local"] for each in found}, {path})
            for each in [*kept, client]:
                each.close()


class Asking(unittest.TestCase):
    def test_a_filter_that_is_wrong_is_bad_usage_and_says_where(self):
        done = run("ss", "state", "establish")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertTrue(done.stderr.startswith("error: cannot read the filter\n  state establish\n"
                                               "        ^ there is no state \"establish\"\n  hint: "),
                        done.stderr)

    def test_something_else_to_group_by_is_bad_usage(self):
        done = run("ss", "--group-by", "colour")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nothing to group by; there are state, peer, destination, process",
                      done.stderr)

    def test_without_sockets_there_is_an_empty_list(self):
        done = run("ss", "--json", "-t", "exclude all")
        self.assertEqual((done.returncode, done.stdout), (0, "[]\n"))

    def test_the_process_can_be_asked_for(self):
        with socket.socket() as mine:
            mine.bind(("127.0.0.1", 0))
            mine.listen()
            rows = json.loads(run("ss", "-tl", "-p", "--json", f"pid = {os.getpid()}").stdout)
            self.assertEqual([each["local"] for each in rows],
                             [f"127.0.0.1:{mine.getsockname()[1]}"])
            self.assertEqual(rows[0]["processes"][0]["descriptor"], mine.fileno())


if __name__ == "__main__":
    unittest.main()
