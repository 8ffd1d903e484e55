//! Imports files of other programs into a recording: captures of tcpdump and Wireshark, tickerplant logs, lines of hex.
//!
//! From a capture (pcap or pcapng) the TCP streams are reassembled; segments may be reordered, overlapping or
//! retransmitted, and gaps are recorded as missing. A connection is kdb+ IPC if it begins with a login that the server
//! answers, or if it contains messages that decode; other connections are only counted. The server is the end that
//! received the SYN or the login, or whose port is in [`Options::ports`]; failing that, the end that receives a sync
//! message or sends a response. Supported link types: Ethernet with VLAN tags, Linux cooked (SLL, SLL2), loopback and
//! raw IP.
//!
//! Memory is bounded: per connection by [`Options::early`] for out-of-order segments and by incomplete messages, and in
//! total by 65,536 connections. Beyond that, the connections idle for longest count as closed.

mod connection;
mod error;
mod half;
mod packet;
mod sink;
mod stream;

pub use error::{Error, Fault};

use std::collections::HashMap;
use std::path::Path;

use bytes::Bytes;
use kcodec::log::{Log, Map};
use kcodec::{Capability, Timestamp};
use kwire::{Header, MessageType};

use crate::mask::Mask;
use crate::recording::{self, Direction, Recorder};
use crate::unhex;
use connection::{Connection, Ends, ends};
use packet::{Packets, is_known, segment};
use sink::Sink;

/// The format of a file to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A pcap capture, as of tcpdump.
    Pcap,
    /// A pcapng capture, as of Wireshark.
    PcapNg,
    /// A tickerplant log. Each record becomes an async message to the server, all on one connection. A log has no
    /// times: each message gets 2000.01.01.
    Log,
    /// One message in hex per line; blanks may separate bytes, and lines that start with `#` are skipped. All messages
    /// belong to one connection: responses go to the client, others to the server. Each gets the time 2000.01.01.
    Hex,
}

impl Format {
    /// Detects the format by a file's first bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xd4, 0xc3, 0xb2, 0xa1, ..] | [0xa1, 0xb2, 0xc3, 0xd4, ..] => Some(Self::Pcap),
            [0x4d, 0x3c, 0xb2, 0xa1, ..] | [0xa1, 0xb2, 0x3c, 0x4d, ..] => Some(Self::Pcap),
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Some(Self::PcapNg),
            [0xff, 0x01, 0, 0, ..] => Some(Self::Log),
            [first, ..] if first.is_ascii_hexdigit() || first.is_ascii_whitespace() || *first == b'#' => {
                Some(Self::Hex)
            }
            _ => None,
        }
    }
}

/// Options of an import.
#[derive(Debug, Clone)]
pub struct Options {
    /// The format of all files; `None` detects it by each file's first bytes.
    pub format: Option<Format>,
    /// Server ports, for connections whose beginning is not in the capture.
    pub ports: Vec<u16>,
    /// Most out-of-order bytes buffered per direction of a connection while a gap may still be filled. Beyond that, the
    /// gap counts as missing.
    pub early: usize,
}

impl Default for Options {
    /// Formats by content, no ports, 16 MiB of out-of-order bytes, which is more than a TCP window.
    fn default() -> Self {
        Self { format: None, ports: Vec::new(), early: 16 << 20 }
    }
}

/// Counts of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Packets in captures.
    pub packets: u64,
    /// Packets without a complete TCP header.
    pub other_packets: u64,
    /// Packets among those whose link type is not supported.
    pub unknown_links: u64,
    /// Connections recorded.
    pub connections: u64,
    /// Connections with data that is not kdb+ IPC.
    pub foreign: u64,
    /// Messages recorded.
    pub messages: u64,
    /// Entries that note at least one missing message, because of a gap or because it could not be masked.
    pub missing: u64,
    /// Bytes of streams missing from the captures.
    pub gaps: u64,
}

/// Imports files into a recording. Captures are treated as one: a connection may continue in the next file.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use kcorpus::import::{Format, Importer, Options, Summary};
/// use kcorpus::recording::{Recorder, Recording};
///
/// let (path, day) = (folder.path().join("messages.txt"), folder.path().join("day.krec"));
/// std::fs::write(&path, "# a request\n01010000110000000a0003000000322b32\n")?;
/// assert_eq!(Format::of(&std::fs::read(&path)?), Some(Format::Hex));
///
/// let options = Options { ports: vec![5001], ..Options::default() };
/// let mut importer = Importer::new(Recorder::create(&day)?, None, options); // with a mask: anonymized
/// importer.file(&path, &mut |read, size| println!("{read} of {size} bytes"))?;
/// let summary: Summary = importer.finish()?;
/// assert_eq!((summary.connections, summary.messages), (1, 1));
/// assert_eq!(Recording::open(&day)?.connections(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Importer {
    options: Options,
    sink: Sink,
    connections: HashMap<Ends, Connection>,
    summary: Summary,
}

/// Most connections tracked at a time.
const CONNECTIONS: usize = 1 << 16;
/// Bytes of a mapped file between progress reports; its pages are released at the same interval.
const STRIDE: usize = 8 << 20;

impl Importer {
    /// Creates an importer that writes to `recorder`, masked if there is a mask.
    #[must_use]
    pub fn new(recorder: Recorder, mask: Option<Mask>, options: Options) -> Self {
        let sink = Sink::new(recorder, mask);
        Self { options, sink, connections: HashMap::new(), summary: Summary::default() }
    }

    /// Imports a file. Calls `progress` with the bytes read and the file's size every few MiB. The file is
    /// [memory-mapped](Map) and must not be truncated meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a file that cannot be read to its end; other files can still be imported.
    /// [`Error::Recording`] is fatal.
    pub fn file(&mut self, path: &Path, progress: &mut dyn FnMut(usize, usize)) -> Result<(), Error> {
        let named = |fault| Error::File { path: path.to_owned(), fault };
        let map = Map::open(path).map_err(|error| named(error.into()))?;
        let format = self.options.format.or_else(|| Format::of(map.as_bytes()));
        let format = format.ok_or_else(|| named(Fault::Unknown))?;
        let bytes = map.as_bytes();
        let mut released = 0;
        let mut passed = |at: usize| {
            if at - released >= STRIDE {
                map.release(released..at);
                released = at;
                progress(at, bytes.len());
            }
        };
        let done = match format {
            Format::Pcap => {
                Packets::pcap(bytes).map_or_else(|fault| Ok(Err(fault)), |it| self.capture(it, &mut passed))
            }
            Format::PcapNg => self.capture(Packets::pcap_ng(bytes), &mut passed),
            Format::Log => self.log(bytes, &mut passed),
            Format::Hex => self.hex(bytes, &mut passed),
        };
        done?.map_err(named)?;
        match map.is_whole() {
            Ok(true) => Ok(()),
            Ok(false) => Err(named(Fault::Shortened)),
            Err(error) => Err(named(error.into())),
        }
    }

    /// Closes the open connections and finishes the recording.
    ///
    /// # Errors
    ///
    /// [`Error::Recording`].
    pub fn finish(mut self) -> Result<Summary, Error> {
        self.evict(0)?;
        self.sink.finish()?;
        Ok(self.summary)
    }

    /// The outer error is the recording's, the inner one the file's.
    fn capture(&mut self, mut packets: Packets<'_>, passed: &mut dyn FnMut(usize)) -> Result<Result<(), Fault>, Error> {
        let (before, mut link) = (self.summary, None);
        while let Some(packet) = packets.next() {
            let packet = match packet {
                Ok(packet) => packet,
                Err(fault) => return Ok(Err(fault)),
            };
            self.summary.packets += 1;
            if !is_known(packet.link) {
                link = Some(packet.link);
                self.summary.unknown_links += 1;
                self.summary.other_packets += 1;
            } else if let Some(segment) = segment(&packet) {
                self.segment(&segment)?;
            } else {
                self.summary.other_packets += 1;
            }
            passed(packets.at());
        }
        let unknown = self.summary.unknown_links - before.unknown_links;
        Ok(match link {
            Some(link) if unknown == self.summary.packets - before.packets => Err(Fault::Link(link.0)),
            _ => Ok(()),
        })
    }

    fn segment(&mut self, segment: &packet::Segment<'_>) -> Result<(), Error> {
        let Self { options, sink, connections, summary } = self;
        let (ends, end) = ends(segment);
        let is_opening = segment.syn || !segment.bytes.is_empty();
        if !is_opening && !connections.contains_key(&ends) {
            return Ok(());
        }
        let connection = connections.entry(ends).or_insert_with(|| Connection::new(ends, options));
        if connection.is_reused_by(segment) {
            connection.finish(sink, summary)?;
            *connection = Connection::new(ends, options);
        }
        connection.take(end, segment, sink, summary)?;
        if connections.len() > CONNECTIONS { self.evict(CONNECTIONS / 2) } else { Ok(()) }
    }

    /// Closes the connections idle for longest, until `left` remain.
    fn evict(&mut self, left: usize) -> Result<(), Error> {
        let mut by_time: Vec<_> = self.connections.iter().map(|(ends, connection)| (connection.last, *ends)).collect();
        by_time.sort_unstable();
        for (_, ends) in by_time.iter().take(by_time.len().saturating_sub(left)) {
            if let Some(mut connection) = self.connections.remove(ends) {
                connection.finish(&mut self.sink, &mut self.summary)?;
            }
        }
        Ok(())
    }

    fn log(&mut self, bytes: &[u8], passed: &mut dyn FnMut(usize)) -> Result<Result<(), Fault>, Error> {
        let mut log = match Log::new(bytes) {
            Ok(log) => log,
            Err(error) => return Ok(Err(error.into())),
        };
        let mut line = None;
        let mut message = Vec::new();
        let mut done = Ok(());
        while let Some(record) = log.next() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    done = Err(error.into());
                    break;
                }
            };
            message.clear();
            match kwire::encode(MessageType::Async, record, Capability::MAX, &mut message) {
                Ok(()) => self.message(&mut line, Bytes::copy_from_slice(&message))?,
                Err(_) => self.missing(&mut line, Direction::ToServer)?,
            }
            passed(log.at());
        }
        self.close(line)?;
        Ok(done)
    }

    fn hex(&mut self, bytes: &[u8], passed: &mut dyn FnMut(usize)) -> Result<Result<(), Fault>, Error> {
        let mut connection = None;
        let mut done = Ok(());
        let mut at = 0;
        for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            at += line.len() + 1;
            let digits: Vec<u8> = line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            if digits.is_empty() || digits.starts_with(b"#") {
                continue;
            }
            let message = str::from_utf8(&digits).ok().and_then(unhex).filter(|message| is_whole(message));
            match message {
                Some(message) => self.message(&mut connection, message.into())?,
                // Reports the first such line, and continues with the others.
                None if done.is_ok() => done = Err(Fault::Hex(index + 1)),
                None => {}
            }
            passed(at.min(bytes.len()));
        }
        self.close(connection)?;
        Ok(done)
    }

    /// Records a message from a file without times and connections.
    fn message(&mut self, connection: &mut Option<u32>, message: Bytes) -> Result<(), Error> {
        let is_response = message.get(1) == Some(&(MessageType::Response as u8));
        let direction = if is_response { Direction::ToClient } else { Direction::ToServer };
        if message.len() > recording::LARGEST {
            return self.missing(connection, direction);
        }
        let number = self.number(connection);
        let is_recorded = self.sink.message(Timestamp(0), number, direction, message)?;
        self.summary.messages += u64::from(is_recorded);
        self.summary.missing += u64::from(!is_recorded);
        Ok(())
    }

    fn missing(&mut self, connection: &mut Option<u32>, direction: Direction) -> Result<(), Error> {
        let number = self.number(connection);
        self.summary.missing += 1;
        self.sink.missing(Timestamp(0), number, direction)
    }

    fn number(&mut self, connection: &mut Option<u32>) -> u32 {
        *connection.get_or_insert_with(|| {
            self.summary.connections += 1;
            self.sink.connection()
        })
    }

    fn close(&mut self, connection: Option<u32>) -> Result<(), Error> {
        connection.map_or(Ok(()), |number| self.sink.close(Timestamp(0), number))
    }
}

/// Whether the bytes have the length that their header states.
fn is_whole(message: &[u8]) -> bool {
    let header = message.first_chunk().and_then(|&head: &[u8; Header::LEN]| Header::parse(head).ok());
    header.is_some_and(|header| header.length == message.len() as u64)
}
