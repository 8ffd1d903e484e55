//! Plain byte-by-byte loops of kdb+'s compression.
//!
//! The yardstick of the fast loops, and the oracle of their answers.

/// Compresses a little-endian body to the raw length (4 bytes) and the stream; `None` if it does not halve.
pub(crate) fn compress(body: &[u8]) -> Option<Vec<u8>> {
    let raw = body.len() + 8;
    let mut out = vec![0; raw / 2 - 8];
    out[..4].copy_from_slice(&u32::try_from(raw).ok()?.to_le_bytes());
    let mut seen: [Option<usize>; 256] = [None; 256];
    let mut pending: Option<(u8, usize)> = None;
    let (mut at, mut end, mut flags, mut bit) = (0, 4, 0, 8);
    while at < body.len() {
        if bit == 8 {
            if end + 17 > out.len() {
                return None;
            }
            (flags, bit) = (end, 0);
            end += 1;
        }
        let mut found = None;
        let mut key = 0;
        if at + 3 <= body.len() {
            key = body[at] ^ body[at + 1];
            found = seen[usize::from(key)].filter(|&found| body[found] == body[at]);
        }
        if let Some((key, position)) = pending.take() {
            seen[usize::from(key)] = Some(position);
        }
        if let Some(found) = found {
            seen[usize::from(key)] = Some(at);
            at += 2;
            let mut extra = 0;
            while extra < 255 && at < body.len() && body[found + 2 + extra] == body[at] {
                extra += 1;
                at += 1;
            }
            out[flags] |= 1 << bit;
            out[end] = key;
            out[end + 1] = extra as u8;
            end += 2;
        } else {
            pending = Some((key, at));
            out[end] = body[at];
            end += 1;
            at += 1;
        }
        bit += 1;
    }
    out.truncate(end);
    Some(out)
}

/// Inflates the output of [`compress`] into `out`, which must have the length of the body.
pub(crate) fn decompress(input: &[u8], out: &mut [u8]) {
    let mut seen = [0_usize; 256];
    let (mut learned, mut at, mut end) = (0, 4, 0);
    let (mut flags, mut bit) = (0, 8);
    while end < out.len() {
        if bit == 8 {
            (flags, bit) = (input[at], 0);
            at += 1;
        }
        if flags >> bit & 1 == 0 {
            out[end] = input[at];
            at += 1;
            end += 1;
            learn(out, &mut learned, end, &mut seen);
        } else {
            let found = seen[usize::from(input[at])];
            let extra = usize::from(input[at + 1]);
            at += 2;
            out[end] = out[found];
            out[end + 1] = out[found + 1];
            end += 2;
            learn(out, &mut learned, end, &mut seen);
            for from in found + 2..found + 2 + extra {
                out[end] = out[from];
                end += 1;
            }
            learned = end;
        }
        bit += 1;
    }
}

fn learn(out: &[u8], learned: &mut usize, end: usize, seen: &mut [usize; 256]) {
    while *learned + 1 < end {
        seen[usize::from(out[*learned] ^ out[*learned + 1])] = *learned;
        *learned += 1;
    }
}
