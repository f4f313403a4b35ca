//! What the summaries of a card and of a phone have of a certificate, and whether something is valid at a moment.

use std::time::SystemTime;

use serde::Serialize;
use vmyna_apdu::hex;
use x509_cert::TbsCertificate;

/// A certificate in short.
#[derive(Serialize)]
pub(crate) struct CertificateFields {
    /// RFC 4514.
    pub(crate) subject: String,
    /// In hexadecimal.
    pub(crate) serial: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
}

impl CertificateFields {
    pub(crate) fn of(certificate: &TbsCertificate) -> Self {
        let validity = certificate.validity;
        Self {
            subject: certificate.subject.to_string(),
            serial: hex::encode(certificate.serial_number.as_bytes()),
            not_before: validity.not_before.to_date_time().to_string(),
            not_after: validity.not_after.to_date_time().to_string(),
        }
    }
}

/// The state of a certificate or an mdoc at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Valid,
    NotYetValid,
    Expired,
}

impl State {
    /// Returns the state at `now`. The validity includes both of its ends (RFC 5280, 4.1.2.5).
    pub(crate) fn at(now: SystemTime, not_before: SystemTime, not_after: SystemTime) -> Self {
        if now < not_before {
            Self::NotYetValid
        } else if now.duration_since(not_after).is_ok_and(|over| over.as_secs() >= 1) {
            Self::Expired
        } else {
            Self::Valid
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use x509_cert::der::DateTime;

    #[test]
    fn a_certificate_is_valid_from_its_first_to_its_last_second() {
        let moment = |text: &str| text.parse::<DateTime>().unwrap().into();
        let [begin, end]: [SystemTime; 2] = ["2026-11-01T01:00:00Z", "2031-10-25T14:59:59Z"].map(moment);
        for (now, state) in [
            (begin - Duration::from_secs(1), State::NotYetValid),
            (begin, State::Valid),
            (end + Duration::from_millis(999), State::Valid),
            (end + Duration::from_secs(1), State::Expired),
        ] {
            assert_eq!(State::at(now, begin, end), state);
        }
    }
}
