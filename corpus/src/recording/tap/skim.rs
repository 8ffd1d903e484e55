//! Message boundaries in one direction of a connection, found without buffering.

use kwire::Header;

use crate::recording::Direction;

/// Tracks message boundaries by the headers, like [`Framer`](crate::recording::Framer), but without buffering.
#[derive(Debug)]
pub(super) struct Skim {
    state: SkimState,
    head: [u8; Header::LEN],
    /// Bytes received of the header.
    have: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SkimState {
    Login,
    Answer,
    Head,
    /// Bytes left of the message.
    Body(u64),
    Foreign,
}

/// The message boundaries in a piece of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Skimmed {
    /// Number of messages that end in it.
    pub(super) ended: u64,
    /// Offset of the first message boundary in the piece; may be its end.
    pub(super) boundary: Option<usize>,
    /// Whether the boundary is the end of a message.
    pub(super) ends_one: bool,
}

impl Skim {
    pub(super) const fn new(direction: Direction) -> Self {
        let state = match direction {
            Direction::ToServer => SkimState::Login,
            Direction::ToClient => SkimState::Answer,
        };
        Self { state, head: [0; Header::LEN], have: 0 }
    }

    pub(super) fn pass(&mut self, bytes: &[u8]) -> Skimmed {
        let mut skimmed = Skimmed::default();
        let mut rest = bytes;
        if self.state == SkimState::Head && self.have == 0 {
            skimmed.boundary = Some(0);
        }
        while !rest.is_empty() {
            let (state, used) = match self.state {
                SkimState::Foreign => return skimmed,
                SkimState::Answer => (SkimState::Head, 1),
                SkimState::Login => match memchr::memchr(0, rest) {
                    Some(end) => (SkimState::Head, end + 1),
                    None => (SkimState::Login, rest.len()),
                },
                SkimState::Body(missing) => match usize::try_from(missing) {
                    Ok(missing) if missing <= rest.len() => (SkimState::Head, missing),
                    _ => (SkimState::Body(missing - rest.len() as u64), rest.len()),
                },
                SkimState::Head => self.head(rest),
            };
            rest = rest.get(used..).unwrap_or_default();
            if state == SkimState::Head && self.state != SkimState::Head {
                let is_message = matches!(self.state, SkimState::Body(_));
                skimmed.ended += u64::from(is_message);
                if skimmed.boundary.is_none() {
                    skimmed.boundary = Some(bytes.len() - rest.len());
                    skimmed.ends_one = is_message;
                }
            }
            self.state = state;
        }
        skimmed
    }

    /// Consumes bytes of a header.
    fn head(&mut self, rest: &[u8]) -> (SkimState, usize) {
        let used = rest.len().min(Header::LEN - self.have);
        let (have, until) = (self.have, self.have + used);
        self.head.get_mut(have..until).unwrap_or_default().copy_from_slice(rest.get(..used).unwrap_or_default());
        self.have = until;
        if until < Header::LEN {
            return (SkimState::Head, used);
        }
        self.have = 0;
        match Header::parse(self.head) {
            Ok(header) => (SkimState::Body(header.length - Header::LEN as u64), used),
            Err(_) => (SkimState::Foreign, used),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skimming_finds_the_first_boundary() {
        let message = crate::golden().remove(0).message;
        let stream = [&b"bob:pw\x06\0"[..], &message, &message, &message].concat();
        for cut in 1..stream.len() {
            let mut skim = Skim::new(Direction::ToServer);
            let (first, second) = stream.split_at(cut);
            let (first, second) = (skim.pass(first), skim.pass(second));
            assert_eq!(first.ended + second.ended, 3, "{cut}");
            let ends = (0..4).map(|n| 8 + n * message.len());
            assert_eq!(first.boundary, ends.clone().find(|&end| end <= cut), "{cut}");
            assert_eq!(second.boundary.map(|at| at + cut), ends.clone().find(|&end| end >= cut), "{cut}");
            assert_eq!(second.ends_one, cut > 8 && !ends.clone().any(|end| end == cut), "{cut}");
        }
    }
}
