//! Import must recover the messages of captures, logs and lines of hex.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kcodec::{Capability, Timestamp, Value};
use kcorpus::import::{Error, Fault, Format, Importer, Options, Summary};
use kcorpus::recording::{Direction, Recorder, Recording, What};
use kcorpus::{golden, hex};
use kwire::MessageType;
use tempfile::TempDir;

const CLIENT: u16 = 40_000;
const SERVER: u16 = 5010;
const SYN: u8 = 2;
const FIN: u8 = 1;
const RST: u8 = 4;
const ACK: u8 = 16;

/// Link types that wrap IP packets.
#[derive(Clone, Copy, Debug)]
enum Link {
    Ethernet,
    Vlan,
    Null,
    Raw,
    Sll,
    Sll2,
}

impl Link {
    const ALL: [Self; 6] = [Self::Ethernet, Self::Vlan, Self::Null, Self::Raw, Self::Sll, Self::Sll2];

    fn code(self) -> u32 {
        match self {
            Self::Null => 0,
            Self::Ethernet | Self::Vlan => 1,
            Self::Raw => 101,
            Self::Sll => 113,
            Self::Sll2 => 276,
        }
    }

    fn wrap(self, ip: &[u8]) -> Vec<u8> {
        let protocol: [u8; 2] = if ip[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
        let head = match self {
            Self::Ethernet => [&[0; 12][..], &protocol].concat(),
            Self::Vlan => [&[0; 12][..], &[0x81, 0, 0, 7], &protocol].concat(),
            Self::Null => vec![2, 0, 0, 0],
            Self::Raw => vec![],
            Self::Sll => [&[0; 14][..], &protocol].concat(),
            Self::Sll2 => [&protocol[..], &[0; 18]].concat(),
        };
        [&head[..], ip].concat()
    }
}

#[derive(Clone, Debug)]
struct Packet {
    from_client: bool,
    client: u16,
    sequence: u32,
    flags: u8,
    bytes: Vec<u8>,
}

impl Packet {
    fn ip(&self, is_v6: bool) -> Vec<u8> {
        let (from, to) = if self.from_client { (self.client, SERVER) } else { (SERVER, self.client) };
        let mut tcp = [from.to_be_bytes(), to.to_be_bytes()].concat();
        tcp.extend(self.sequence.to_be_bytes());
        // Only a SYN-ACK needs an acknowledgment number: the one after the client's SYN.
        let acknowledged = if self.flags & SYN > 0 { self.sequence.wrapping_sub(OTHER).wrapping_add(1) } else { 0 };
        tcp.extend(acknowledged.to_be_bytes());
        tcp.extend([0x50, self.flags, 1, 0, 0, 0, 0, 0]);
        tcp.extend(&self.bytes);
        let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        let (source, destination) = if self.from_client { (client, server) } else { (server, client) };
        if is_v6 {
            let length = u16::try_from(tcp.len()).unwrap().to_be_bytes();
            let address = |end: [u8; 4]| [&[0xfd; 12][..], &end].concat();
            let head = [&[0x60, 0, 0, 0][..], &length, &[6, 64], &address(source), &address(destination)].concat();
            return [head, tcp].concat();
        }
        let length = u16::try_from(tcp.len() + 20).unwrap().to_be_bytes();
        let head = [&[0x45, 0][..], &length, &[0, 0, 0, 0, 64, 6, 0, 0], &source, &destination].concat();
        [head, tcp].concat()
    }
}

/// Difference of the server's initial sequence number from the client's.
const OTHER: u32 = 77_777;

/// Builds the packets of a connection.
struct Talk {
    client: u16,
    start: u32,
    packets: Vec<Packet>,
    /// Bytes that each end has sent.
    sent: [u32; 2],
}

impl Talk {
    fn new(client: u16, start: u32) -> Self {
        Self { client, start, packets: Vec::new(), sent: [0; 2] }
    }

    fn packet(&self, from_client: bool, offset: u32, flags: u8, bytes: &[u8]) -> Packet {
        let start = if from_client { self.start } else { self.start.wrapping_add(OTHER) };
        let sequence = start.wrapping_add(offset);
        Packet { from_client, client: self.client, sequence, flags, bytes: bytes.to_vec() }
    }

    fn push(&mut self, from_client: bool, flags: u8, bytes: &[u8]) {
        let sent = self.sent[usize::from(from_client)];
        self.packets.push(self.packet(from_client, sent, flags, bytes));
        let counted = bytes.len() as u32 + u32::from(flags & (SYN | FIN) > 0);
        self.sent[usize::from(from_client)] += counted;
    }

    fn open(&mut self) {
        self.push(true, SYN, b"");
        self.push(false, SYN | ACK, b"");
        self.push(true, ACK, b"bob:secretword\x06\0");
        self.push(false, ACK, b"\x03");
    }

    fn close(&mut self) {
        self.push(true, FIN | ACK, b"");
        self.push(false, FIN | ACK, b"");
    }

    /// Sends bytes in segments of `size`.
    fn send(&mut self, from_client: bool, bytes: &[u8], size: usize) {
        for segment in bytes.chunks(size) {
            self.push(from_client, ACK, segment);
        }
    }
}

fn pcap(link: Link, is_v6: bool, packets: &[Packet]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    file.extend(link.code().to_le_bytes());
    for (index, packet) in packets.iter().enumerate() {
        let frame = link.wrap(&packet.ip(is_v6));
        let length = (frame.len() as u32).to_le_bytes();
        file.extend([946_684_801_u32.to_le_bytes(), (index as u32).to_le_bytes(), length, length].concat());
        file.extend(frame);
    }
    file
}

/// A pcapng capture of either byte order, with nanosecond timestamps.
fn pcap_ng(is_big: bool, link: Link, packets: &[Packet]) -> Vec<u8> {
    let u32s = |number: u32| if is_big { number.to_be_bytes() } else { number.to_le_bytes() };
    let u16s = |number: u16| if is_big { number.to_be_bytes() } else { number.to_le_bytes() };
    let block = |kind: u32, body: &[u8]| {
        let padded = body.len().next_multiple_of(4);
        let length = u32s(padded as u32 + 12);
        let mut block = [&u32s(kind)[..], &length, body].concat();
        block.resize(padded + 8, 0);
        [&block[..], &length].concat()
    };
    let section = [&u32s(0x1a2b_3c4d)[..], &u16s(1), &u16s(0), &[0xff; 8]].concat();
    let resolution = [&u16s(9)[..], &u16s(1), &[9, 0, 0, 0], &[0; 4]].concat();
    let interface = [&u16s(link.code() as u16)[..], &[0; 2], &u32s(0), &resolution].concat();
    let mut file = [block(0x0a0d_0d0a, &section), block(1, &interface)].concat();
    for (index, packet) in packets.iter().enumerate() {
        let frame = link.wrap(&packet.ip(false));
        let time = 946_684_801_000_000_000 + index as u64 * 1000;
        let length = u32s(frame.len() as u32);
        let head = [u32s(0), u32s((time >> 32) as u32), u32s(time as u32), length, length].concat();
        file.extend(block(6, &[head, frame].concat()));
    }
    file
}

struct Imported {
    folder: TempDir,
    summary: Summary,
    outcome: Result<(), Error>,
}

impl Imported {
    fn with(bytes: &[u8], options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in");
        fs::write(&path, bytes).unwrap();
        let recorder = Recorder::create(folder.path().join("out")).unwrap();
        let mut importer = Importer::new(recorder, None, options);
        let outcome = importer.file(&path, &mut |_, _| {});
        let summary = importer.finish().unwrap();
        Self { folder, summary, outcome }
    }

    /// Imports bytes that must be read completely.
    fn of(bytes: &[u8]) -> Self {
        let imported = Self::with(bytes, Options::default());
        assert!(imported.outcome.is_ok(), "{:?}", imported.outcome);
        imported
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn recording(&self) -> Recording {
        Recording::open(self.path()).unwrap()
    }

    /// Messages by connection and direction.
    fn messages(&self, connection: u32, direction: Direction) -> Vec<Vec<u8>> {
        let recording = self.recording();
        let entries = recording.entries().map(|entry| entry.unwrap().1);
        let wanted = entries.filter(|entry| (entry.connection, entry.direction) == (connection, direction));
        wanted.filter(|entry| entry.what == What::Message).map(|entry| entry.bytes.to_vec()).collect()
    }

    fn count(&self, is_wanted: impl Fn(&What) -> bool) -> usize {
        self.recording().entries().filter(|entry| is_wanted(&entry.as_ref().unwrap().1.what)).count()
    }
}

fn message(kind: MessageType, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let value = kcodec::parse(text).unwrap();
    kwire::encode(kind, value.value(), Capability::MAX, &mut out).unwrap();
    out
}

/// Requests and responses of several sizes.
fn conversation(count: usize) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let requests = (0..count).map(|n| message(MessageType::Sync, &format!("(`f;{n};\"{}\")", "x".repeat(n * 7 % 90))));
    let response = |n: usize| message(MessageType::Response, &format!("`a`b!({n};\"{}\")", "y".repeat(n * 5 % 70)));
    (requests.collect(), (0..count).map(response).collect())
}

/// A whole connection in segments of `size` bytes.
fn talk(client: u16, start: u32, count: usize, size: usize) -> Talk {
    let (requests, responses) = conversation(count);
    let mut talk = Talk::new(client, start);
    talk.open();
    for (request, response) in requests.iter().zip(&responses) {
        talk.send(true, request, size);
        talk.send(false, response, size);
    }
    talk.close();
    talk
}

/// The recording must hold exactly the conversation.
fn check(imported: &Imported, connection: u32, count: usize, why: &str) {
    let (requests, responses) = conversation(count);
    assert_eq!(imported.messages(connection, Direction::ToServer), requests, "{why}");
    assert_eq!(imported.messages(connection, Direction::ToClient), responses, "{why}");
    assert_eq!(imported.count(|what| matches!(what, What::Missing(_) | What::Foreign(_))), 0, "{why}");
}

/// Shuffles deterministically by xorshift.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for index in (1..items.len()).rev() {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        items.swap(index, seed as usize % (index + 1));
    }
}

#[test]
fn every_link_type_ip_version_and_file_format() {
    let talk = talk(CLIENT, 1, 5, 1400);
    for link in Link::ALL {
        for is_v6 in [false, true] {
            let imported = Imported::of(&pcap(link, is_v6, &talk.packets));
            check(&imported, 0, 5, &format!("{link:?} {is_v6}"));
        }
        for is_big in [false, true] {
            let imported = Imported::of(&pcap_ng(is_big, link, &talk.packets));
            check(&imported, 0, 5, &format!("{link:?}, pcapng, {is_big}"));
        }
    }
}

#[test]
fn logins_times_and_closes() {
    for file in [pcap(Link::Ethernet, false, &talk(CLIENT, 1, 2, 1400).packets), {
        pcap_ng(true, Link::Ethernet, &talk(CLIENT, 1, 2, 1400).packets)
    }] {
        let imported = Imported::of(&file);
        let entries: Vec<_> = imported.recording().entries().map(|entry| entry.unwrap().1).collect();
        assert_eq!(entries.len(), 6);
        let capability = Capability::MAX;
        assert_eq!(entries[0].what, What::Open { user: b"bob"[..].into(), capability });
        assert_eq!(entries[0].time, Timestamp(1_000_000_000 + 2000), "the third packet");
        assert_eq!(entries[1].time, Timestamp(1_000_000_000 + 4000), "the fifth packet");
        assert_eq!(entries[5].what, What::Close);
        assert_eq!((imported.summary.connections, imported.summary.messages, imported.summary.foreign), (1, 4, 0));
        let file = fs::read(imported.path()).unwrap();
        assert!(memchr::memmem::find(&file, b"secretword").is_none());
    }
}

#[test]
fn segments_of_every_size() {
    for size in 1..60 {
        let imported = Imported::of(&pcap(Link::Raw, false, &talk(CLIENT, 9, 6, size).packets));
        check(&imported, 0, 6, &format!("segments of {size}"));
    }
}

#[test]
fn shuffled_repeated_and_overlapping_segments() {
    for seed in 1..60 {
        // For some seeds the sequence numbers wrap within the conversation.
        let start = 0_u32.wrapping_sub(seed * 20);
        let whole = talk(CLIENT, start, 12, 11);
        let (open, rest) = whole.packets.split_at(4);
        let mut rest = rest.to_vec();
        let streams = [true, false].map(|side| {
            let of_side = rest.iter().filter(|packet| packet.from_client == side);
            of_side.flat_map(|packet| packet.bytes.clone()).collect::<Vec<u8>>()
        });
        // Overlapping segments of other sizes.
        for (side, stream) in [true, false].into_iter().zip(&streams) {
            let before = if side { 1 + 16 } else { 1 + 1 };
            for at in (0..stream.len()).step_by(17) {
                let bytes = &stream[at..stream.len().min(at + 23)];
                rest.push(whole.packet(side, before + at as u32, ACK, bytes));
            }
        }
        rest.extend(rest.clone().into_iter().step_by(3));
        shuffle(&mut rest, u64::from(seed));
        let imported = Imported::of(&pcap(Link::Ethernet, seed % 2 == 0, &[open, &rest].concat()));
        check(&imported, 0, 12, &format!("seed {seed}"));
        assert_eq!(imported.count(|what| *what == What::Close), 1);
    }
}

#[test]
fn interleaved_connections() {
    let (first, second) = (talk(CLIENT, 5, 9, 13), talk(CLIENT + 1, u32::MAX - 40, 4, 7));
    let mut packets = Vec::new();
    let mut others = second.packets.iter();
    for packet in &first.packets {
        packets.push(packet.clone());
        packets.extend(others.next().cloned());
    }
    packets.extend(others.cloned());
    let imported = Imported::of(&pcap(Link::Sll2, true, &packets));
    check(&imported, 0, 9, "first");
    check(&imported, 1, 4, "second");
    assert_eq!(imported.summary.connections, 2);
}

#[test]
fn a_port_is_reused() {
    let (mut first, second) = (talk(CLIENT, 5, 3, 100), talk(CLIENT, 900_000, 4, 100));
    // A reset instead of two FINs, and a retransmitted SYN.
    first.packets.truncate(first.packets.len() - 2);
    first.packets.insert(6, first.packets[0].clone());
    first.push(true, RST, b"");
    let late = first.packets[4].clone();
    let packets = [&first.packets[..], &[late], &second.packets].concat();
    let imported = Imported::of(&pcap(Link::Null, false, &packets));
    check(&imported, 0, 3, "first");
    check(&imported, 1, 4, "second");
    assert_eq!(imported.count(|what| *what == What::Close), 2);
}

#[test]
fn gaps_are_recorded_and_later_messages_found() {
    let whole = talk(CLIENT, 5, 12, 20);
    let (requests, responses) = conversation(12);
    for lost in 4..whole.packets.len() - 2 {
        let mut packets = whole.packets.clone();
        let is_request = packets.remove(lost).from_client;
        let imported = Imported::of(&pcap(Link::Ethernet, false, &packets));
        let server = imported.messages(0, Direction::ToServer);
        let client = imported.messages(0, Direction::ToClient);
        let (some, all, other, others) =
            if is_request { (server, &requests, client, &responses) } else { (client, &responses, server, &requests) };
        assert_eq!(&other, others, "{lost}");
        assert_eq!(some.len(), 11, "{lost}");
        assert!(some.iter().all(|message| all.contains(message)), "{lost}");
        assert_eq!(imported.count(|what| *what == What::Missing(1)), 1, "{lost}");
        assert_eq!((imported.summary.missing, imported.summary.messages), (1, 23));
        assert!(imported.summary.gaps > 0);
    }
}

#[test]
fn connections_without_their_beginning() {
    let (requests, responses) = conversation(12);
    for start in 3..30 {
        let packets = &talk(CLIENT, 5, 12, 20).packets[start..];
        let imported = Imported::of(&pcap(Link::Ethernet, false, packets));
        let (server, client) = (imported.messages(0, Direction::ToServer), imported.messages(0, Direction::ToClient));
        assert!(requests.ends_with(&server) && responses.ends_with(&client), "{start}: the directions are right");
        // Each missing packet costs at most one message.
        assert!(server.len() + client.len() + start + 1 >= 24, "{start}: {} {}", server.len(), client.len());
    }
    // From the login on.
    let imported = Imported::of(&pcap(Link::Ethernet, false, &talk(CLIENT, 5, 12, 20).packets[2..]));
    check(&imported, 0, 12, "login");
    assert_eq!(imported.count(|what| matches!(what, What::Open { .. })), 1);
}

#[test]
fn the_port_option_determines_the_server() {
    // A client on the lower port that only receives pushes.
    let mut talk = Talk::new(1000, 7);
    let update = message(MessageType::Async, "(`upd;`trade;1 2 3)");
    talk.send(false, &update, 100);
    let file = pcap(Link::Ethernet, false, &talk.packets);
    assert_eq!(Imported::of(&file).messages(0, Direction::ToServer), std::slice::from_ref(&update));
    let with_port = Imported::with(&file, Options { ports: vec![SERVER], ..Options::default() });
    assert_eq!(with_port.messages(0, Direction::ToClient), [update]);
}

#[test]
fn other_protocols_are_counted() {
    let first = [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &b"HTTP/1.1 200 OK\r\n\r\n"[..]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x16\x03\x03\x00\x7a\x02"),
        (b"\0\0\0\x08\x04\xd2\x16\x2f", b"N"),
        (b"", b"SSH-2.0-OpenSSH_9.2\r\n"),
        (b"plain text\0", b"and an answer in text"),
    ];
    for (request, response) in first {
        let mut talk = Talk::new(CLIENT, 7);
        talk.push(true, SYN, b"");
        talk.push(false, SYN | ACK, b"");
        talk.push(true, ACK, request);
        talk.push(false, ACK, response);
        talk.close();
        let imported = Imported::of(&pcap(Link::Ethernet, false, &talk.packets));
        assert_eq!((imported.summary.foreign, imported.summary.connections), (1, 0), "{request:?}");
        assert!(imported.recording().is_empty(), "{request:?}");
    }
}

#[test]
fn a_refused_login_is_recorded() {
    let mut talk = Talk::new(CLIENT, 7);
    talk.open();
    talk.packets.pop();
    talk.packets.extend([talk.packet(false, 1, FIN | ACK, b""), talk.packet(true, 17, FIN | ACK, b"")]);
    let imported = Imported::of(&pcap(Link::Ethernet, false, &talk.packets));
    assert_eq!((imported.recording().len(), imported.summary.connections), (2, 1));
}

#[test]
fn a_truncated_capture_yields_its_complete_messages() {
    let packets = talk(CLIENT, 5, 3, 1000).packets;
    for file in [pcap(Link::Ethernet, false, &packets), pcap_ng(false, Link::Ethernet, &packets)] {
        let mut last = 0;
        for end in 0..file.len() {
            let imported = Imported::with(&file[..end], Options { format: Format::of(&file), ..Options::default() });
            let messages = imported.summary.messages;
            assert!(messages >= last, "{end}");
            last = messages;
            match imported.outcome {
                Ok(()) => {}
                Err(Error::File { fault: Fault::Cut { at }, .. }) => assert!(at <= end),
                Err(error) => panic!("{end}: {error}"),
            }
        }
        assert_eq!(last, 6);
        let garbled = [&file[..], &[0xff; 40]].concat();
        let imported = Imported::with(&garbled, Options::default());
        assert!(imported.outcome.is_err());
        assert_eq!(imported.summary.messages, 6);
    }
}

#[test]
fn garbled_files_end_without_a_panic() {
    let packets = talk(CLIENT, u32::MAX - 100, 12, 30).packets;
    let files = [pcap(Link::Ethernet, false, &packets), pcap_ng(true, Link::Sll, &packets)];
    let mut seed = 88_172_645_463_325_252_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize % below
    };
    let mut whole = 0;
    for round in 0..600 {
        let mut file = files[round % 2].clone();
        for _ in 0..1 + random(20) {
            let at = random(file.len());
            file[at] = if random(2) == 0 { file[at] ^ (1 << random(8)) } else { random(256) as u8 };
        }
        let imported = Imported::with(&file, Options { format: Format::of(&files[round % 2]), ..Options::default() });
        whole += usize::from(imported.outcome.is_ok());
        assert_eq!(imported.count(|what| *what == What::Message), imported.summary.messages as usize);
    }
    assert!(whole > 50, "most damage is within packets");
}

#[test]
fn truncated_packets_are_gaps() {
    let packets = talk(CLIENT, 5, 12, 100).packets;
    let mut file = pcap(Link::Ethernet, false, &[]);
    for packet in &packets {
        let frame = Link::Ethernet.wrap(&packet.ip(false));
        let kept = frame.len().min(110);
        let head = [1_u32, 0, kept as u32, frame.len() as u32].map(u32::to_le_bytes).concat();
        file.extend([&head[..], &frame[..kept]].concat());
    }
    let imported = Imported::of(&file);
    assert!(imported.summary.missing > 0 && imported.summary.gaps > 0);
    let (requests, responses) = conversation(12);
    for message in imported.messages(0, Direction::ToServer) {
        assert!(requests.contains(&message));
    }
    assert!(imported.messages(0, Direction::ToClient).iter().all(|message| responses.contains(message)));
}

#[test]
fn out_of_order_bytes_are_bounded() {
    let whole = talk(CLIENT, 5, 200, 50);
    let mut packets = whole.packets;
    packets.remove(5);
    let file = pcap(Link::Ethernet, false, &packets);
    let recorded = |early| {
        let imported = Imported::with(&file, Options { early, ..Options::default() });
        let entries: Vec<_> = imported.recording().entries().map(|entry| entry.unwrap().1).collect();
        entries.iter().position(|entry| matches!(entry.what, What::Missing(_))).unwrap()
    };
    // With a lower limit the gap is skipped earlier.
    assert!(recorded(500) + 20 < recorded(1 << 20));
}

#[test]
fn a_log_and_lines_of_hex() {
    let records = ["(`upd;`trade;(`IBM;101.5))", "(`upd;`quote;1 2 3)"].map(|text| kcodec::parse(text).unwrap());
    let mut log = kcodec::log::HEAD.to_vec();
    records.iter().for_each(|record| log.extend(record.as_bytes()));
    let imported = Imported::of(&log);
    let found = imported.messages(0, Direction::ToServer);
    assert_eq!(found.len(), 2);
    for (message, record) in found.iter().zip(&records) {
        assert_eq!(message[1], MessageType::Async as u8);
        assert_eq!(Value::decode(&message[8..]).unwrap(), record.value());
    }
    log.extend([0, 0, 3]);
    let torn = Imported::with(&log, Options::default());
    let error = torn.outcome.unwrap_err().to_string();
    let at = format!("torn at {}: ", log.len() - 1);
    assert!(error.contains(&at) && error.ends_with(", after 2 records"), "{error}");
    assert_eq!(torn.summary.messages, 2);

    let golden: Vec<_> = golden().into_iter().map(|golden| golden.message).collect();
    let lines = golden.iter().map(|message| hex(message) + "\n").collect::<String>();
    let imported = Imported::of(format!("# a comment\n\n{lines}").as_bytes());
    let all = imported.recording().entries().filter(|entry| entry.as_ref().unwrap().1.what == What::Message).count();
    assert_eq!(all, golden.len());
    let wrong = Imported::with(format!("{lines}xyz\n{lines}").as_bytes(), Options::default());
    assert!(matches!(wrong.outcome, Err(Error::File { fault: Fault::Hex(line), .. }) if line == golden.len() + 1));
    assert_eq!(wrong.summary.messages, golden.len() as u64 * 2);
}

fn kcorpus(arguments: &[&str], folder: &Path) -> (Option<i32>, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_kcorpus")).args(arguments).current_dir(folder).output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

#[test]
fn command_import() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    // A capture in two files.
    let file = pcap(Link::Ethernet, false, &talk(CLIENT, 5, 3, 1000).packets[..7]);
    write("a.pcap", &file);
    write("b.pcap", &pcap(Link::Ethernet, false, &talk(CLIENT, 5, 3, 1000).packets[7..]));
    let (code, stderr) = kcorpus(&["import", "a.pcap", "b.pcap", "-o", "out"], folder.path());
    assert_eq!(code, Some(0), "{stderr}");
    let counted = "1 connections, 6 messages; 0 connections of other protocols; 12 packets, 0 of them not TCP";
    assert_eq!(stderr, format!("kcorpus: {counted}\n"));
    let (code, stderr) = kcorpus(&["import", "a.pcap", "-o", "out"], folder.path());
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "the output exists: {stderr}");
    write("cut.pcap", &file[..file.len() - 3]);
    let (code, stderr) = kcorpus(&["import", "cut.pcap", "b.pcap", "-o", "cut"], folder.path());
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("kcorpus: cut.pcap: cut short: the packet at "), "{stderr}");
    write("foreign", b"\x7fELF");
    let (code, stderr) = kcorpus(&["import", "foreign", "-o", "foreign.out"], folder.path());
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("kcorpus: foreign: not a capture, a tickerplant log or lines of hex\n"), "{stderr}");
    assert!(!folder.path().join("foreign.out").exists(), "no empty recording is left");
    assert_eq!(kcorpus(&["import", "a.pcap"], folder.path()).0, Some(2));
    assert_eq!(kcorpus(&["import", "nowhere", "-o", "none"], folder.path()).0, Some(1));
    assert!(!folder.path().join("none").exists());
}
