use super::super::values::LONGEST;
use super::*;
use proptest::prelude::*;
use std::time::Duration;

fn parse(text: &str) -> Result<Fault, String> {
    text.parse().map_err(|error: FaultError| error.to_string())
}

/// Every action in every form, as it is written and as it is shown.
const ACTIONS: [&str; 25] = [
    "sw=6581",
    "sw=9000,executed",
    "sw=61xx",
    "sw=61xx,piece=16",
    "sw=6Cxx",
    "mute",
    "mute,executed",
    "mute=until-reset",
    "mute=until-reset,executed",
    "remove",
    "remove,executed,back=500",
    "remove=answered,back=0",
    "garbled=one-byte",
    "garbled=cut",
    "garbled=bits,seed=7",
    "garbled=trailing",
    "unplug",
    "unplug,executed,back=20",
    "probe",
    "other-reset",
    "transaction-lost",
    "transaction-timeout",
    "transaction-timeout=250",
    "service-gone",
    "service-gone,executed,back=500",
];

#[test]
fn every_action_is_shown_as_it_is_written() {
    for text in ACTIONS {
        let fault = parse(text).unwrap();
        assert_eq!(fault.to_string().to_lowercase(), text.to_lowercase());
    }
    assert_eq!(
        parse(" delay = 30 , ins = 0x2a ").unwrap().to_string(),
        "delay=30,ins=2A"
    );
    assert_eq!(parse("garbled").unwrap().to_string(), "garbled=bits");
    assert_eq!(parse("mute,on=power-on,nth=2").unwrap().trigger.on, On::PowerOn);
    assert_eq!(parse("delay=5,on=reset").unwrap().trigger.on, On::Reset);
}

#[test]
fn what_can_have_no_effect_is_refused_with_the_key_and_what_is_right() {
    for (text, key, advice) in [
        ("", "``", "there are sw, mute"),
        ("sw=6581,inst=20", "`inst`", "ins, p1"),
        ("sw=6581,sw=6700", "`sw`", "twice"),
        ("ins=20,nth=2", "does nothing", EXAMPLE),
        ("delay=0", "does nothing", EXAMPLE),
        ("sw=6581,mute", "`mute`", "two faults"),
        ("sw=658", "`sw`", "6581"),
        ("sw=65812", "`sw`", "6581"),
        ("sw=+581", "`sw`", "6581"),
        ("sw", "`sw`", "6581"),
        ("sw=6581,ins=200", "`ins`", "ins=20"),
        ("sw=6581,ins=+2", "`ins`", "ins=20"),
        ("sw=6581,ins", "`ins`", "ins=20"),
        ("sw=6581,nth=0", "`nth`", "1 or more"),
        ("sw=6581,every=0", "`every`", "1 or more"),
        ("sw=6581,times=-1", "`times`", "1 or more"),
        ("sw=6581,after=x", "`after`", "whole number"),
        ("delay=3600001", "`delay`", "3600000"),
        ("delay", "`delay`", "milliseconds"),
        ("mute=always", "`mute`", "until-reset"),
        ("remove=now", "`remove`", "answered"),
        ("garbled=badly", "`garbled`", "one-byte, cut, bits"),
        ("garbled,executed", "`executed`", "anyway"),
        ("sw=61xx,executed", "`executed`", "anyway"),
        ("remove=answered,executed", "`executed`", "anyway"),
        ("remove,executed=yes", "`executed`", "no value"),
        ("sw=6581,piece=3", "`piece`", "61xx"),
        ("sw=61xx,piece=257", "`piece`", "1 to 256"),
        ("mute,back=3", "`back`", "remove"),
        ("garbled=cut,seed=3", "`seed`", "drawn"),
        ("probe,back=3", "`back`", "remove, unplug"),
        ("probe,executed", "`executed`", "anyway"),
        ("unplug=now", "`unplug`", "no value"),
        ("probe,other-reset", "`other-reset`", "two faults"),
        ("transaction-timeout=soon", "`transaction-timeout`", "milliseconds"),
        ("unplug,on=reset", "`unplug`", "about commands"),
        ("mute,on=insertion", "`on`", "power-on"),
        ("mute,on=reset,ins=20", "`ins`", "about commands"),
        ("mute,on=reset,data", "`data`", "about commands"),
        ("mute,ins=20,data=31", "`data`", "no value"),
        ("mute,on=reset,executed", "`executed`", "about commands"),
        ("sw=6581,on=power-on", "`sw`", "about commands"),
        ("mute=until-reset,on=reset", "`mute`", "write `mute`"),
        ("remove=answered,on=reset", "`remove`", "write `remove`"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.contains(key) && error.contains(advice), "{text}: {error}");
    }
}

#[test]
fn a_byte_that_is_decimal_without_doubt_is_not_taken_for_a_hexadecimal_one_nor_the_other_way_round() {
    let fault = |entries: &[(&str, Value<'_>)]| Fault::from_entries(entries).map_err(|error| error.to_string());
    let error = fault(&[("mute", Value::Flag), ("ins", Value::Decimal("20"))]).unwrap_err();
    assert!(error.contains("0x"), "{error}");
    assert!(fault(&[("sw", Value::Decimal("6581"))]).unwrap_err().contains("0x"));
    assert!(
        fault(&[("delay", Value::Hexadecimal("20"))])
            .unwrap_err()
            .contains("decimal")
    );
    let found = fault(&[("sw", Value::Hexadecimal("6581")), ("nth", Value::Decimal("2"))]).unwrap();
    assert_eq!(found.to_string(), "sw=6581,nth=2");
}

proptest! {
    #[test]
    fn what_is_shown_of_a_fault_is_read_as_the_same_fault(
        action in 0..ACTIONS.len(),
        delay in prop::option::of(0..=LONGEST),
        data in any::<bool>(),
        bytes in prop::array::uniform4(prop::option::of(any::<u8>())),
        after in prop::option::of(any::<u64>()),
        counts in prop::array::uniform3(prop::option::of(1..=u64::MAX)),
    ) {
        let mut fault = parse(ACTIONS[action]).unwrap();
        fault.delay = Duration::from_millis(delay.unwrap_or_default());
        let ([cla, ins, p1, p2], [nth, every, times]) = (bytes, counts);
        fault.trigger = Trigger { on: On::Apdu, cla, ins, p1, p2, data, after, nth, every, times };
        prop_assert_eq!(parse(&fault.to_string()), Ok(fault));
    }

    #[test]
    fn no_text_is_too_much_for_the_reader_of_faults(text in ".{0,60}") {
        if let Ok(fault) = parse(&text) {
            prop_assert_eq!(parse(&fault.to_string()), Ok(fault));
        }
    }
}
