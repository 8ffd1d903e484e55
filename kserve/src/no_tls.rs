//! Replaces the module `tls` in builds without the feature: the same interface on types that have no values.

use std::io::{self, IoSlice};

use crate::listen::Socket;

#[derive(Debug, Clone)]
pub(crate) enum Offer {}

#[derive(Debug)]
pub(crate) enum Layer {}

impl Layer {
    pub(crate) const fn offered(offer: &Offer) -> Self {
        match *offer {}
    }

    pub(crate) const fn decide(&self, _socket: &Socket) -> io::Result<bool> {
        match *self {}
    }

    pub(crate) const fn read(&self, _socket: &Socket, _limit: usize, _buffer: &mut Vec<u8>) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) const fn is_readable(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn is_handshaking(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn write_vectored(&self, _socket: &Socket, _buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) const fn flush(&self, _socket: &Socket) {
        match *self {}
    }

    pub(crate) const fn close(&self, _socket: &Socket) {
        match *self {}
    }
}
