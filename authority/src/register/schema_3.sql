-- What version 3 of the register adds to version 2.

-- The phones that have certificates of their own (スマホ用電子証明書). A phone is a row of card as well.
CREATE TABLE phone (
    phone INTEGER PRIMARY KEY REFERENCES card,
    -- The card of the person: the one that the phone was held to, or one that has replaced it
    card INTEGER NOT NULL REFERENCES card,
    -- 1: iPhone; 2: Android
    kind INTEGER NOT NULL
) STRICT;
CREATE INDEX phone_by_card ON phone (card);

-- The phones that are entered, or get another card, when an operation is finished.
CREATE TABLE intended_phone (
    intent INTEGER NOT NULL REFERENCES intent ON DELETE CASCADE,
    phone BLOB NOT NULL CHECK (length(phone) = 32),
    phone_name TEXT NOT NULL,
    card BLOB NOT NULL CHECK (length(card) = 32),
    card_name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (intent, phone)
) STRICT, WITHOUT ROWID;

-- The document signers of mdocs that are revoked, by the key identifier of their root.
CREATE TABLE revoked_signer (
    root BLOB NOT NULL CHECK (length(root) = 20),
    serial BLOB NOT NULL CHECK (length(serial) = 20),
    revoked_at INTEGER NOT NULL,
    -- The number of the write
    written INTEGER NOT NULL,
    PRIMARY KEY (root, serial)
) STRICT, WITHOUT ROWID;
