//! The return codes of the service, by their names in PC/SC (part 5, and `pcsclite.h`).
//!
//! Values only; must never decide anything.

/// A return value of PC/SC: 0 or one of the errors below.
pub type Code = u32;

/// Done.
pub const SUCCESS: Code = 0;
/// The wait was cancelled.
pub const CANCELLED: Code = 0x8010_0002;
/// A handle or context that this connection does not have.
pub const INVALID_HANDLE: Code = 0x8010_0003;
/// The request of the client is invalid.
pub const INVALID_PARAMETER: Code = 0x8010_0004;
/// The limit of handles of a connection is reached.
pub const NO_MEMORY: Code = 0x8010_0006;
/// The answer is longer than the client's buffer.
pub const INSUFFICIENT_BUFFER: Code = 0x8010_0008;
/// No reader of that name.
pub const UNKNOWN_READER: Code = 0x8010_0009;
/// Another connection is exclusive or has a transaction.
pub const SHARING_VIOLATION: Code = 0x8010_000B;
/// No card in the reader.
pub const NO_SMARTCARD: Code = 0x8010_000C;
/// The card does not speak the protocol that was asked for.
pub const PROTO_MISMATCH: Code = 0x8010_000F;
/// An unknown share mode, disposition or scope.
pub const INVALID_VALUE: Code = 0x8010_0011;
/// The card gave no answer; or a transaction is ended that was not begun.
pub const NOT_TRANSACTED: Code = 0x8010_0016;
/// The reader was unplugged while the card worked on the command.
pub const READER_UNAVAILABLE: Code = 0x8010_0017;
/// The service does not speak the client's version of the protocol.
pub const SERVICE_STOPPED: Code = 0x8010_001E;
/// pcsc-lite's value for what a reader can't do; Windows has another.
pub const UNSUPPORTED_FEATURE: Code = 0x8010_001F;
/// The card does not answer to a reset.
pub const UNRESPONSIVE_CARD: Code = 0x8010_0066;
/// The card can't be powered.
pub const UNPOWERED_CARD: Code = 0x8010_0067;
/// Another client has reset the card; until SCardReconnect.
pub const RESET_CARD: Code = 0x8010_0068;
/// The card has been removed; until SCardReconnect.
pub const REMOVED_CARD: Code = 0x8010_0069;
