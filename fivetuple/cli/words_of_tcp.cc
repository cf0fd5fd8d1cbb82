#include "fivetuple/cli/glossary.h"

// The states of a TCP connection, and the flags of its segments.
namespace fivetuple {
namespace {

constexpr Word kWords[] = {
    {WordKind::state, "LISTEN", "LISTENING", "a listener: it takes connections and carries no data",
     "`ss -ltn`: Recv-Q is how many wait to be accepted, Send-Q how many may; a full queue drops "
     "SYNs",
     "listen(2), RFC 9293 3.3.2"},
    {WordKind::state, "SYN-SENT", "SYN_SENT",
     "we have asked for a connection, and nothing has answered yet",
     "if it stays: the host is not there, or a firewall drops; `tcp_syn_retries` bounds it, "
     "`within()` does it better",
     "RFC 9293 3.5"},
    {WordKind::state, "SYN-RECV", "SYN_RECV SYN-RECEIVED SYN_RECEIVED NEW-SYN-RECV",
     "a peer has asked, we have answered, and its last word is missing",
     "many of them: peers whose answers do not come back, or a flood of SYNs; "
     "`net.ipv4.tcp_syncookies` stands against it",
     "RFC 9293 3.5"},
    {WordKind::state, "ESTAB", "ESTABLISHED", "the connection is open both ways",
     "one that is silent for hours may have lost its peer: KeepAlive finds out", "RFC 9293 3.3.2"},
    {WordKind::state, "FIN-WAIT-1", "FIN_WAIT_1 FIN_WAIT1",
     "we have closed, and the peer has not acknowledged it",
     "if it stays: the peer does not read (zero window), or has gone; UserTimeout, or "
     "`net.ipv4.tcp_orphan_retries`, ends it",
     "RFC 9293 3.6"},
    {WordKind::state, "FIN-WAIT-2", "FIN_WAIT_2 FIN_WAIT2",
     "we have closed, the peer knows it, and has not closed its side",
     "the peer must act: its program has not closed. Where nobody of ours holds the socket any "
     "more, FinWaitLimit (`net.ipv4.tcp_fin_timeout`, 60 s) ends it",
     "RFC 9293 3.6"},
    {WordKind::state, "CLOSING", "",
     "both have closed at once, and the last acknowledgement is missing",
     "it passes; if it stays, segments are lost on the way", "RFC 9293 3.6"},
    {WordKind::state, "TIME-WAIT", "TIME_WAIT",
     "we closed first; the port pair is kept for 60 s, so that late segments find nobody new",
     "healthy, and the price of closing first: let the client close, or reuse connections where "
     "ports run out. `net.ipv4.tcp_tw_reuse` helps who connects; nothing else is needed",
     "RFC 9293 3.6.1"},
    {WordKind::state, "CLOSE-WAIT", "CLOSE_WAIT",
     "the peer has closed, and our program has not: it waits for us",
     "if it stays it is a bug of the program that holds it, a leak: it must read to the end and "
     "close. `ss -tnp state close-wait` names it",
     "RFC 9293 3.6"},
    {WordKind::state, "LAST-ACK", "LAST_ACK",
     "the peer closed first, now we have, and its last acknowledgement is missing",
     "it passes; if it stays the peer has gone", "RFC 9293 3.6"},
    {WordKind::state, "CLOSED", "CLOSE UNCONN",
     "there is no connection: none yet, or none any more",
     "of a UDP socket `ss` says UNCONN: it has no peer, which is how servers are",
     "RFC 9293 3.3.2"},

    {WordKind::segment, "SYN", "",
     "opens a connection: it tells where the sender's numbers begin, and its options",
     "one that is never answered: nobody there, a firewall, or a full accept queue",
     "RFC 9293 3.1"},
    {WordKind::segment, "ACK", "", "tells the next byte that is expected: all before it has come",
     "every segment but the first has it", "RFC 9293 3.1"},
    {WordKind::segment, "FIN", "", "the sender will send no more; it still receives",
     "made by shutdown_write() and by close(); the peer's read tells the end", "RFC 9293 3.1"},
    {WordKind::segment, "RST", "RESET", "ends the connection at once: what is on its way is lost",
     "sent where nobody listens, where a program closed with data unread, by Linger of 0, or to a "
     "segment that fits no connection; the other end sees ECONNRESET",
     "RFC 9293 3.5.2"},
    {WordKind::segment, "PSH", "PUSH", "nothing more follows now: hand it to the reader",
     "it marks no message: a stream has none", "RFC 9293 3.1"},
    {WordKind::segment, "URG", "", "urgent data stands in the stream",
     "hardly anybody uses it; OutOfBandInline leaves it in the stream", "RFC 6093, tcp(7)"},
    {WordKind::segment, "ECE", "",
     "tells the sender that a router has marked congestion; on a SYN, that we speak ECN",
     "`net.ipv4.tcp_ecn`", "RFC 3168"},
    {WordKind::segment, "CWR", "", "the sender has slowed down, as ECE asked", "", "RFC 3168"},
};

}  // namespace

std::span<const Word> tcp_words() { return kWords; }

}  // namespace fivetuple
