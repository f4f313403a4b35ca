-- The register, version 1; schema_2.sql and schema_3.sql are what versions 2 and 3 add. Times are whole seconds since 1970, UTC.

-- A key that issues: an authority's, of one generation.
CREATE TABLE issuer (
    id INTEGER PRIMARY KEY,
    key_id BLOB NOT NULL UNIQUE CHECK (length(key_id) = 20),
    -- 0 for signatures (署名用), 1 for authentication (利用者証明用)
    hierarchy INTEGER NOT NULL CHECK (hierarchy IN (0, 1))
) STRICT;

-- What one partial revocation list covers.
CREATE TABLE point (
    id INTEGER PRIMARY KEY,
    issuer INTEGER NOT NULL REFERENCES issuer,
    municipality TEXT NOT NULL,
    -- The DER of the DistributionPointName
    name BLOB NOT NULL,
    UNIQUE (issuer, name)
) STRICT;

CREATE TABLE certificate (
    id INTEGER PRIMARY KEY,
    issuer INTEGER NOT NULL REFERENCES issuer,
    serial INTEGER NOT NULL,
    point INTEGER NOT NULL REFERENCES point,
    -- SHA-256 of its DER
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    replaces INTEGER REFERENCES certificate,
    -- The number of the write that entered it
    recorded INTEGER NOT NULL,
    -- Since when and why it is revoked, and the number of the write that did it
    revoked_at INTEGER,
    reason INTEGER,
    revoked INTEGER,
    CHECK ((revoked_at IS NULL) = (revoked IS NULL) AND (reason IS NULL) = (revoked IS NULL))
) STRICT;
CREATE UNIQUE INDEX certificate_by_serial ON certificate (issuer, serial);
-- Revocation lists read this index and nothing else. Its table has row numbers, because SQLite doesn't use a partial index
-- of a table without them before ANALYZE.
CREATE INDEX revoked_by_point ON certificate (issuer, point, serial, revoked_at, reason, revoked)
    WHERE revoked IS NOT NULL;
CREATE INDEX revoked_by_serial ON certificate (issuer, serial, revoked_at, reason, revoked) WHERE revoked IS NOT NULL;

CREATE TABLE card (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    name TEXT NOT NULL
) STRICT;

CREATE TABLE on_card (
    certificate INTEGER NOT NULL REFERENCES certificate,
    card INTEGER NOT NULL REFERENCES card,
    PRIMARY KEY (certificate, card)
) STRICT, WITHOUT ROWID;
CREATE INDEX on_card_by_card ON on_card (card);

-- One row: the number of the last write.
CREATE TABLE last_write (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO last_write VALUES (1, 0);
