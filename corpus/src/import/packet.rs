//! Reads the packets of a capture file and their TCP segments.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use kcodec::Timestamp;
use pcap_parser::{
    Block, Linktype, parse_block_be, parse_block_le, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header,
};

use super::Fault;

/// The packets of a capture, pcap or pcapng, read in place.
#[derive(Debug)]
pub(super) struct Packets<'a> {
    bytes: &'a [u8],
    at: usize,
    format: Format,
    /// Time of the previous packet, for blocks without a time.
    time: Timestamp,
}

#[derive(Debug)]
enum Format {
    Pcap { is_big: bool, interface: Interface },
    PcapNg { is_big: bool, interfaces: Vec<Interface> },
}

/// An interface of the capture.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: Linktype,
    /// Time units per second.
    resolution: u64,
    /// Seconds to add to timestamps.
    offset: i64,
}

#[derive(Debug)]
pub(super) struct Packet<'a> {
    pub(super) time: Timestamp,
    pub(super) link: Linktype,
    pub(super) bytes: &'a [u8],
}

/// A TCP segment.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    pub(super) time: Timestamp,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) acknowledged: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) reset: bool,
    pub(super) bytes: &'a [u8],
}

const PCAP_HEADER: usize = 24;
const MICROSECONDS: u64 = 1_000_000;
const NANOSECONDS: u64 = 1_000_000_000;
const SECONDS_TO_2000: i64 = 946_684_800;
/// The bits of a pcap header's link type. The bits above describe a frame check sequence, which the IP length excludes
/// anyway.
const LINK_MASK: i32 = 0xffff;

impl<'a> Packets<'a> {
    pub(super) fn pcap(bytes: &'a [u8]) -> Result<Self, Fault> {
        let Ok((_, header)) = parse_pcap_header(bytes) else { return Err(Fault::Cut { at: 0 }) };
        let resolution = if header.is_nanosecond_precision() { NANOSECONDS } else { MICROSECONDS };
        let interface = Interface { link: Linktype(header.network.0 & LINK_MASK), resolution, offset: 0 };
        let format = Format::Pcap { is_big: header.is_bigendian(), interface };
        Ok(Self { bytes, at: PCAP_HEADER, format, time: Timestamp(0) })
    }

    pub(super) const fn pcap_ng(bytes: &'a [u8]) -> Self {
        let format = Format::PcapNg { is_big: false, interfaces: Vec::new() };
        Self { bytes, at: 0, format, time: Timestamp(0) }
    }

    /// Offset of the next packet.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The next packet. Iteration ends after an error.
    pub(super) fn next(&mut self) -> Option<Result<Packet<'a>, Fault>> {
        loop {
            let left = self.bytes.get(self.at..).filter(|left| !left.is_empty())?;
            let (used, packet) = match self.format.read(left, self.time) {
                Ok(read) => read,
                Err(is_cut) => {
                    let at = std::mem::replace(&mut self.at, self.bytes.len());
                    return Some(Err(if is_cut { Fault::Cut { at } } else { Fault::Damaged { at } }));
                }
            };
            // Never 0, because blocks and frames have headers; `max` ensures termination.
            self.at += used.max(1);
            if let Some(packet) = packet {
                self.time = packet.time;
                return Some(Ok(packet));
            }
        }
    }
}

impl Format {
    /// Reads a frame or block. Returns its length in bytes and the packet in it. The error is `true` if the file ends
    /// within it.
    fn read<'a>(&mut self, left: &'a [u8], before: Timestamp) -> Result<(usize, Option<Packet<'a>>), bool> {
        match self {
            Self::Pcap { is_big, interface } => {
                let parse = if *is_big { parse_pcap_frame_be } else { parse_pcap_frame };
                let (rest, frame) = parse(left).map_err(|error| error.is_incomplete())?;
                let units = u64::from(frame.ts_sec) * interface.resolution + u64::from(frame.ts_usec);
                let packet = Packet { time: interface.time(units), link: interface.link, bytes: frame.data };
                Ok((left.len() - rest.len(), Some(packet)))
            }
            Self::PcapNg { is_big, interfaces } => {
                if let [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, mark, ..] = left {
                    (*is_big, *interfaces) = (*mark == 0x1a, Vec::new());
                }
                let parse = if *is_big { parse_block_be } else { parse_block_le };
                let (rest, block) = parse(left).map_err(|error| error.is_incomplete())?;
                Ok((left.len() - rest.len(), packet(block, *is_big, interfaces, before)))
            }
        }
    }
}

/// The packet of a block, if it has one. Records interface descriptions.
fn packet<'a>(
    block: Block<'a>,
    is_big: bool,
    interfaces: &mut Vec<Interface>,
    before: Timestamp,
) -> Option<Packet<'a>> {
    match block {
        Block::InterfaceDescription(block) => {
            // The parser always reads the offset as little-endian.
            let offset = if is_big { block.if_tsoffset.swap_bytes() } else { block.if_tsoffset };
            let resolution = resolution(block.if_tsresol);
            interfaces.push(Interface { link: block.linktype, resolution, offset });
            None
        }
        Block::EnhancedPacket(block) => {
            let interface = interfaces.get(usize::try_from(block.if_id).ok()?)?;
            let time = interface.time(u64::from(block.ts_high) << 32 | u64::from(block.ts_low));
            let bytes = cut(block.data, block.caplen);
            Some(Packet { time, link: interface.link, bytes })
        }
        Block::SimplePacket(block) => {
            let interface = interfaces.first()?;
            Some(Packet { time: before, link: interface.link, bytes: cut(block.data, block.origlen) })
        }
        _ => None,
    }
}

/// Decodes `if_tsresol` to units per second: a power of 10, or of 2 if its highest bit is set.
fn resolution(code: u8) -> u64 {
    let power = u32::from(code & 0x7f);
    let units = if code & 0x80 == 0 { 10_u64.checked_pow(power) } else { 1_u64.checked_shl(power) };
    units.unwrap_or(MICROSECONDS)
}

/// Removes the padding.
fn cut(bytes: &[u8], length: u32) -> &[u8] {
    usize::try_from(length).ok().and_then(|length| bytes.get(..length)).unwrap_or(bytes)
}

impl Interface {
    fn time(&self, units: u64) -> Timestamp {
        let nanoseconds = i128::from(units) * i128::from(NANOSECONDS) / i128::from(self.resolution.max(1));
        let seconds = i128::from(self.offset) - i128::from(SECONDS_TO_2000);
        let time = nanoseconds + seconds * i128::from(NANOSECONDS);
        Timestamp(i64::try_from(time).unwrap_or(if time < 0 { -i64::MAX } else { i64::MAX - 1 }))
    }
}

/// Whether [`segment`] supports the link type.
pub(super) const fn is_known(link: Linktype) -> bool {
    matches!(link.0, 0 | 1 | 12 | 14 | 101 | 108 | 113 | 228 | 229 | 276)
}

/// The TCP segment of a packet, if it has one. A truncated packet yields the captured bytes.
pub(super) fn segment<'a>(packet: &Packet<'a>) -> Option<Segment<'a>> {
    let bytes = packet.bytes;
    let network = |protocol: &[u8], head: usize| -> Option<LaxSlicedPacket<'a>> {
        let protocol = u16::from_be_bytes(*protocol.first_chunk()?);
        Some(LaxSlicedPacket::from_ether_type(EtherType(protocol), bytes.get(head..)?))
    };
    let sliced = match packet.link {
        Linktype::ETHERNET => LaxSlicedPacket::from_ethernet(bytes).ok()?,
        // Skip the address family: 4 bytes in the capturing host's byte order. The IP header has the version as well.
        Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(bytes.get(4..)?).ok()?,
        Linktype::LINUX_SLL => network(bytes.get(14..)?, 16)?,
        LINUX_SLL2 => network(bytes, 20)?,
        _ => LaxSlicedPacket::from_ip(bytes).ok()?,
    };
    let (from, to): (IpAddr, IpAddr) = match sliced.net? {
        LaxNetSlice::Ipv4(net) => (net.header().source_addr().into(), net.header().destination_addr().into()),
        LaxNetSlice::Ipv6(net) => (net.header().source_addr().into(), net.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { return None };
    Some(Segment {
        time: packet.time,
        from: (from, tcp.source_port()).into(),
        to: (to, tcp.destination_port()).into(),
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        reset: tcp.rst(),
        bytes: tcp.payload(),
    })
}

const LINUX_SLL2: Linktype = Linktype(276);
