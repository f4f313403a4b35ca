use super::*;

/// Of the first twelve matches, those at which a trigger of `nth`, `every`, `times` and with or without `after` fires.
fn fires(after: bool, nth: u64, every: u64, times: u64) -> Vec<u64> {
    let given = |count: u64| (count > 0).then_some(count);
    let trigger = Trigger {
        after: after.then_some(0),
        nth: given(nth),
        every: given(every),
        times: given(times),
        ..Trigger::default()
    };
    (1..=12).filter(|number| trigger.fires_at(*number)).collect()
}

#[test]
fn every_combination_of_nth_every_and_times_fires_where_it_is_said() {
    let all: Vec<u64> = (1..=12).collect();
    for (after, nth, every, times, expected) in [
        (false, 0, 0, 0, &all[..]),
        (true, 0, 0, 0, &[1]),
        (false, 3, 0, 0, &[3]),
        (true, 3, 0, 0, &[3]),
        (false, 0, 4, 0, &[4, 8, 12]),
        (true, 0, 4, 0, &[4, 8, 12]),
        (false, 0, 1, 0, &all[..]),
        (true, 0, 1, 0, &all[..]),
        (false, 2, 5, 0, &[2, 7, 12]),
        (false, 0, 0, 2, &[1, 2]),
        (true, 0, 0, 2, &[1, 2]),
        (false, 3, 0, 2, &[3, 4]),
        (false, 0, 4, 2, &[4, 8]),
        (false, 2, 5, 1, &[2]),
        (true, 2, 5, 2, &[2, 7]),
    ] {
        let found = fires(after, nth, every, times);
        assert_eq!(
            found, expected,
            "after {after}, nth {nth}, every {every}, times {times}"
        );
    }
}

#[test]
fn a_distance_of_nothing_is_one() {
    let trigger = Trigger {
        every: Some(0),
        ..Trigger::default()
    };
    assert!((1..=12).all(|number| trigger.fires_at(number)));
}

#[test]
fn a_command_matches_by_each_byte_that_is_asked_for_and_by_what_went_before() {
    let header = [0x80, 0x20, 0x01, 0x98];
    for given in 0..16_u8 {
        let byte = |bit: usize| (given & 1 << bit != 0).then_some(header[bit]);
        let trigger = Trigger {
            cla: byte(0),
            ins: byte(1),
            p1: byte(2),
            p2: byte(3),
            ..Trigger::default()
        };
        assert!(trigger.matches_command(&header, 0), "{given:04b}");
        for (bit, _) in header.iter().enumerate() {
            let mut other = header;
            other[bit] ^= 1;
            let asked = given & 1 << bit != 0;
            assert_eq!(trigger.matches_command(&other, 0), !asked, "{given:04b} {bit}");
            assert_eq!(
                trigger.matches_command(&header[..bit], 0),
                given >> bit == 0,
                "{given:04b} {bit}"
            );
        }
    }
    let with_data = Trigger {
        data: true,
        ..Trigger::default()
    };
    assert!(with_data.matches_command(&[0, 0x20, 0, 0x98, 1, 0x31], 0));
    for question in [&[0, 0x20, 0, 0x98][..], &[0, 0x20, 0, 0x98, 0], &[0, 0x20]] {
        assert!(!with_data.matches_command(question, 0));
    }
    let later = Trigger {
        after: Some(2),
        ..Trigger::default()
    };
    assert_eq!(
        [0, 1, 2, 3].map(|before| later.matches_command(&header, before)),
        [false, false, true, true]
    );
}

#[test]
fn a_trigger_on_power_matches_no_command_and_the_other_way_round() {
    for on in [On::Apdu, On::PowerOn, On::Reset] {
        let trigger = Trigger {
            on,
            ..Trigger::default()
        };
        assert_eq!(trigger.matches_command(&[0, 0, 0, 0], 0), on == On::Apdu);
        assert_eq!(trigger.matches_power(On::PowerOn, 0), on == On::PowerOn);
        assert_eq!(trigger.matches_power(On::Reset, 0), on == On::Reset);
    }
}
