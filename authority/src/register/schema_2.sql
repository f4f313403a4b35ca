-- What version 2 of the register adds to version 1.

-- Cards that are out of use.
CREATE TABLE withdrawn (
    card INTEGER PRIMARY KEY REFERENCES card,
    at INTEGER NOT NULL,
    -- 1: the cardholder died; 2: another card replaces it; since version 3 also of phones, 3: another phone replaces it;
    -- 4: its certificates were taken off it
    cause INTEGER NOT NULL,
    -- The number of the write
    written INTEGER NOT NULL
) STRICT;

-- The number of the last operation on a card, pending or finished.
CREATE TABLE last_operation (
    card INTEGER PRIMARY KEY REFERENCES card,
    operation BLOB NOT NULL CHECK (length(operation) = 16)
) STRICT;

-- Operations that have begun in the register and not been finished, at most one a card.
CREATE TABLE intent (
    id INTEGER PRIMARY KEY,
    operation BLOB NOT NULL UNIQUE CHECK (length(operation) = 16),
    card INTEGER NOT NULL UNIQUE REFERENCES card,
    -- How a process finds the card, and what is to change there. It has private keys and PINs
    place TEXT NOT NULL,
    change BLOB NOT NULL
) STRICT;

-- The certificates that are entered when an operation is finished.
CREATE TABLE intended (
    id INTEGER PRIMARY KEY,
    intent INTEGER NOT NULL REFERENCES intent ON DELETE CASCADE,
    key_id BLOB NOT NULL CHECK (length(key_id) = 20),
    hierarchy INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    municipality TEXT NOT NULL,
    point BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    card BLOB NOT NULL CHECK (length(card) = 32),
    card_name TEXT NOT NULL,
    replaces_key_id BLOB,
    replaces_serial INTEGER,
    UNIQUE (key_id, serial)
) STRICT;
CREATE INDEX intended_by_intent ON intended (intent);

-- One-time codes for the kiosk, as digests, one a card.
CREATE TABLE code (
    card INTEGER PRIMARY KEY REFERENCES card,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    until INTEGER NOT NULL
) STRICT;
