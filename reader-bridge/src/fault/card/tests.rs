use std::sync::Mutex;

use proptest::prelude::*;
use vmyna_testkit::waiting::{LIMIT, ends_within};

use super::*;

const ATR: [u8; 3] = [0x3B, 0x01, 0x55];
const READ: [u8; 5] = [0x00, 0xB0, 0x81, 0x00, 0x00];
const GET_RESPONSE: [u8; 5] = [0x00, 0xC0, 0x00, 0x00, 0x00];

/// All events in order: calls of the card, reports and waits.
type Log = Arc<Mutex<Vec<String>>>;

/// A card that answers with P2 bytes of data.
struct TestCard(Log);

impl TestCard {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl Icc for TestCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.note("on".to_owned());
        *atr = ATR.to_vec();
        Ok(())
    }
    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.note("reset".to_owned());
        *atr = ATR.to_vec();
        Ok(())
    }
    fn power_off(&mut self) -> Result<(), IccError> {
        self.note("off".to_owned());
        Ok(())
    }
    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        self.note(format!("{:02X}", command.get(1).unwrap_or(&0)));
        *response = plain(command);
        Ok(())
    }
}

/// What the test card answers.
fn plain(command: &[u8]) -> Vec<u8> {
    let data = 0..*command.get(3).unwrap_or(&0);
    data.chain([0x90, 0x00]).collect()
}

/// Time that passes only when it is waited for, or when each look at the clock takes some.
struct TestTime {
    log: Log,
    now: Mutex<Duration>,
    work: Duration,
    pulled_in: Option<u32>,
}

impl Time for TestTime {
    fn now(&self) -> Duration {
        let mut now = self.now.lock().unwrap();
        *now += self.work;
        *now
    }
    fn wait(&mut self, time: Duration, _: &Pull) -> bool {
        *self.now.lock().unwrap() += time;
        self.log.lock().unwrap().push(format!("{time:?}"));
        self.pulled_in = self.pulled_in.map(|waits| waits.wrapping_sub(1));
        self.pulled_in != Some(0)
    }
}

struct Desk {
    card: FaultyCard,
    script: Arc<Script>,
    log: Log,
}

impl Desk {
    fn new(faults: &[&str]) -> Desk {
        Desk::with(faults, None, Duration::ZERO, None)
    }

    /// A card in a reader, powered on.
    fn with(faults: &[&str], latency: Option<Latency>, work: Duration, pulled_in: Option<u32>) -> Desk {
        let mut desk = Desk::outside(faults, latency, work, pulled_in);
        let mut atr = Vec::new();
        desk.card.power_on(&mut atr).unwrap();
        assert_eq!((atr, desk.log()), (ATR.to_vec(), vec!["on".to_owned()]));
        desk
    }

    fn outside(faults: &[&str], latency: Option<Latency>, work: Duration, pulled_in: Option<u32>) -> Desk {
        let log = Log::default();
        let time = TestTime {
            log: Arc::clone(&log),
            now: Mutex::default(),
            work,
            pulled_in,
        };
        let script = Arc::new(Script::new(faults.iter().map(|text| text.parse().unwrap()).collect()));
        let reported = Arc::clone(&log);
        let watch = move |notice: Notice<'_>| reported.lock().unwrap().push(format!("fault {}", notice.number));
        let card = Box::new(TestCard(Arc::clone(&log)));
        let card = FaultyCard::new(card, Arc::clone(&script), latency, Box::new(time), Box::new(watch));
        Desk { card, script, log }
    }

    /// What has happened since it was asked last.
    fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    fn send(&mut self, command: &[u8]) -> Result<Vec<u8>, IccError> {
        let mut response = vec![0xEE; 3];
        self.card.transmit(command, &mut response).map(|()| response)
    }

    fn unfired(&self) -> Vec<usize> {
        self.script.unfired().iter().map(|unfired| unfired.number).collect()
    }
}

fn read(length: u8) -> [u8; 5] {
    [0x00, 0xB0, 0x00, length, 0x00]
}

/// Each action that answers at once: the answer to the host, the calls of the card, reports and waits.
#[test]
fn each_action_gives_its_answer_and_the_card_sees_the_command_or_does_not() {
    use IccError::{Gone, Mute};
    for (fault, expected, happened) in [
        ("sw=6581", Ok(vec![0x65, 0x81]), "fault 1"),
        ("sw=6581,executed", Ok(vec![0x65, 0x81]), "B0 fault 1"),
        ("sw=61xx", Ok(vec![0x61, 4]), "B0 fault 1"),
        ("sw=61xx,piece=3", Ok(vec![0x61, 3]), "B0 fault 1"),
        ("sw=6Cxx", Ok(vec![0x6C, 4]), "B0 fault 1"),
        ("mute", Err(Mute), "fault 1"),
        ("mute,executed", Err(Mute), "B0 fault 1"),
        ("remove", Err(Gone), "fault 1 off"),
        ("remove,executed", Err(Gone), "B0 fault 1 off"),
        ("remove=answered", Ok(plain(&read(4))), "B0 fault 1 off"),
        ("garbled=one-byte", Ok(vec![0]), "B0 fault 1"),
        ("garbled=cut", Ok(vec![0, 1, 0x90, 0x00]), "B0 fault 1"),
        ("delay=30", Ok(plain(&read(4))), "fault 1 B0 30ms"),
        ("sw=6581,delay=30", Ok(vec![0x65, 0x81]), "fault 1 30ms"),
        ("mute,executed,delay=30", Err(Mute), "B0 fault 1 30ms"),
        ("remove,delay=30", Err(Gone), "30ms fault 1 off"),
        ("remove=answered,delay=30", Ok(plain(&read(4))), "B0 30ms fault 1 off"),
    ] {
        let mut desk = Desk::new(&[fault]);
        assert_eq!(desk.send(&read(4)), expected, "{fault}");
        assert_eq!(desk.log().join(" "), happened, "{fault}");
        assert!(desk.unfired().is_empty(), "{fault}");
    }
}

#[test]
fn what_is_garbled_at_random_is_the_same_each_time_and_another_with_another_seed() {
    for form in ["bits", "trailing", "too-long"] {
        let answers = |seed: &str| {
            let mut desk = Desk::new(&[&format!("garbled={form},seed={seed}")]);
            [0; 8].map(|_| desk.send(&read(200)).unwrap())
        };
        assert_eq!(answers("1"), answers("1"));
        assert_ne!(answers("1"), answers("2"));
        assert_ne!(answers("1")[0], answers("1")[1]);
    }
    let too_long = Desk::new(&["garbled=too-long"]).send(&read(4)).unwrap();
    assert!(too_long.len() > 256 + 2 && too_long.ends_with(&[0x90, 0x00]));
}

#[test]
fn a_host_that_follows_61xx_or_6cxx_gets_the_data_and_the_card_executes_the_command_once() {
    let mut desk = Desk::new(&["sw=61xx,ins=B0", "sw=6Cxx,ins=B2"]);
    for _ in 0..2 {
        assert_eq!(desk.send(&read(4)).unwrap(), [0x61, 4]);
        assert_eq!(desk.send(&GET_RESPONSE).unwrap(), plain(&read(4)));
        // Nothing lies there any more.
        assert_eq!(desk.send(&GET_RESPONSE).unwrap(), plain(&GET_RESPONSE));
        assert_eq!(desk.log(), ["B0", "fault 1", "C0"]);
        let record = |le| [0x00, 0xB2, 0x01, 0x04, le];
        assert_eq!(desk.send(&record(0)).unwrap(), [0x6C, 4]);
        assert_eq!(desk.send(&record(4)).unwrap(), plain(&record(4)));
        assert_eq!(desk.log(), ["B2", "fault 2"]);
    }
}

#[test]
fn two_steps_at_every_command_leave_the_second_step_alone() {
    for fault in ["sw=61xx", "sw=61xx,piece=1"] {
        let mut desk = Desk::new(&[fault]);
        let mut answer = desk.send(&read(3)).unwrap();
        let mut data = Vec::new();
        while let [.., 0x61, _] = answer[..] {
            data.extend_from_slice(&answer[..answer.len() - 2]);
            answer = desk.send(&GET_RESPONSE).unwrap();
        }
        assert_eq!([data, answer].concat(), plain(&read(3)));
    }
    let mut desk = Desk::new(&["sw=6Cxx"]);
    assert_eq!(desk.send(&[0, 0xB0, 0, 3, 9]).unwrap(), [0x6C, 3]);
    assert_eq!(desk.send(&[0, 0xB0, 0, 3, 3]).unwrap(), plain(&read(3)));
}

#[test]
fn an_answer_that_waits_is_forgotten_by_another_command_a_reset_and_power() {
    for forget in [0, 1, 2] {
        let mut desk = Desk::new(&["sw=61xx,nth=1"]);
        desk.send(&READ).unwrap_or_default();
        assert_eq!(desk.send(&read(4)).unwrap(), plain(&read(4)));
        let mut desk = Desk::new(&["sw=61xx,ins=B0,nth=1"]);
        assert_eq!(desk.send(&read(4)).unwrap(), [0x61, 4]);
        match forget {
            0 => drop(desk.send(&[0, 0x84, 0, 8]).unwrap()),
            1 => desk.card.reset(&mut Vec::new()).unwrap(),
            _ => desk.card.power_on(&mut Vec::new()).unwrap(),
        }
        assert_eq!(desk.send(&GET_RESPONSE).unwrap(), plain(&GET_RESPONSE), "{forget}");
    }
}

#[test]
fn a_fault_without_an_answer_to_change_has_had_no_effect() {
    let mut desk = Desk::new(&["sw=61xx", "sw=6Cxx"]);
    assert_eq!(desk.send(&read(0)).unwrap(), [0x90, 0x00]);
    let unfired = desk.script.unfired();
    assert_eq!(unfired.len(), 2);
    assert_eq!((unfired[1].number, unfired[1].matched), (2, 1));
    assert_eq!(desk.log(), ["B0"]);
}

#[test]
fn the_first_fault_that_wants_to_act_does_and_delays_add_up() {
    let mut desk = Desk::new(&[
        "delay=5",
        "sw=6581,nth=2,delay=20",
        "mute,nth=2,delay=300",
        "delay=1000,nth=2",
    ]);
    assert_eq!(desk.send(&read(0)).unwrap(), [0x90, 0x00]);
    assert_eq!(desk.log(), ["fault 1", "B0", "5ms"]);
    assert_eq!(desk.send(&read(0)).unwrap(), [0x65, 0x81]);
    assert_eq!(desk.log(), ["fault 1", "fault 4", "fault 2", "1.025s"]);
    // The mute one had its turn.
    assert_eq!(desk.send(&read(0)).unwrap(), [0x90, 0x00]);
    assert_eq!(desk.unfired(), [3]);
}

#[test]
fn commands_are_counted_over_resets_power_and_being_put_back() {
    let mut desk = Desk::new(&["sw=6581,ins=20,nth=3", "remove,ins=B0,after=2"]);
    let verify = [0x00, 0x20, 0x00, 0x00, 0x01, 0x31];
    assert_eq!(desk.send(&verify).unwrap(), [0x90, 0x00]);
    desk.card.reset(&mut Vec::new()).unwrap();
    assert_eq!(desk.send(&verify).unwrap(), [0x90, 0x00]);
    assert_eq!(desk.send(&read(0)), Err(IccError::Gone));
    desk.card.power_on(&mut Vec::new()).unwrap();
    assert_eq!(desk.send(&verify).unwrap(), [0x65, 0x81]);
    assert_eq!(desk.send(&verify).unwrap(), [0x90, 0x00]);
    assert_eq!(desk.send(&read(0)).unwrap(), [0x90, 0x00]);
}

#[test]
fn a_card_that_is_out_is_gone_for_everything_until_it_is_powered_on_again() {
    for fault in ["remove,nth=1", "remove=answered,nth=1"] {
        let mut desk = Desk::new(&[fault]);
        assert!(!desk.card.has_left());
        let _ = desk.send(&read(0));
        assert!(desk.card.has_left());
        assert_eq!(desk.send(&read(0)), Err(IccError::Gone));
        assert_eq!(desk.card.reset(&mut Vec::new()), Err(IccError::Gone));
        assert_eq!(desk.card.power_off(), Err(IccError::Gone));
        desk.card.power_on(&mut Vec::new()).unwrap();
        assert!(!desk.card.has_left());
        assert_eq!(desk.send(&read(0)).unwrap(), [0x90, 0x00]);
    }
}

#[test]
fn a_mute_card_answers_the_next_command_or_not_before_a_reset() {
    let mut desk = Desk::new(&["mute,nth=1"]);
    assert_eq!(desk.send(&read(0)), Err(IccError::Mute));
    assert_eq!(desk.send(&read(0)).unwrap(), [0x90, 0x00]);
    for power in [false, true] {
        let mut desk = Desk::new(&["mute=until-reset,nth=1"]);
        for _ in 0..3 {
            assert_eq!(desk.send(&read(0)), Err(IccError::Mute));
        }
        match power {
            false => desk.card.reset(&mut Vec::new()).unwrap(),
            true => desk.card.power_on(&mut Vec::new()).unwrap(),
        }
        assert_eq!(desk.send(&read(0)).unwrap(), [0x90, 0x00]);
    }
}

#[test]
fn a_card_without_power_answers_nothing_and_no_fault_fires_there() {
    let mut desk = Desk::new(&["sw=6581"]);
    desk.card.power_off().unwrap();
    assert_eq!(desk.send(&read(0)), Err(IccError::Mute));
    assert_eq!((desk.unfired(), desk.log()), (vec![1], vec!["off".to_owned()]));
}

#[test]
fn power_and_resets_can_fail_and_are_counted_for_themselves() {
    let atr = |outcome: Result<(), IccError>, atr: Vec<u8>| outcome.map(|()| atr);
    for (fault, expected) in [
        ("mute", Err(IccError::Mute)),
        ("remove", Err(IccError::Gone)),
        ("garbled=one-byte", Ok(vec![ATR[0]])),
        ("garbled=cut", Ok(vec![ATR[0]])),
        ("delay=9", Ok(ATR.to_vec())),
    ] {
        for (on, nth) in [("power-on", 2), ("reset", 1)] {
            let mut desk = Desk::new(&[&format!("{fault},on={on},nth={nth}")]);
            let mut buffer = Vec::new();
            let outcome = match on {
                "reset" => desk.card.reset(&mut buffer),
                _ => desk.card.power_on(&mut buffer),
            };
            assert_eq!(atr(outcome, buffer), expected, "{fault} {on}");
            assert_eq!(desk.log().contains(&"9ms".to_owned()), fault == "delay=9");
            assert!(desk.unfired().is_empty());
            // Without an ATR it has no power.
            assert_eq!(desk.send(&read(0)).is_ok(), expected.is_ok(), "{fault} {on}");
            desk.card.power_on(&mut Vec::new()).unwrap();
            assert!(desk.send(&read(0)).is_ok(), "{fault} {on}");
        }
    }
}

#[test]
fn a_card_is_mute_from_the_first_power_on_and_nobody_waits_for_one_that_is_put_in() {
    let mut desk = Desk::outside(&["mute,on=power-on"], None, Duration::ZERO, None);
    assert_eq!(desk.card.power_on(&mut Vec::new()), Err(IccError::Mute));
    let mut desk = Desk::outside(&["delay=900,on=power-on"], Some(Latency::CARD), Duration::ZERO, None);
    desk.card.power_on(&mut Vec::new()).unwrap();
    // Reported only if a program waits.
    assert_eq!((desk.log(), desk.unfired()), (vec!["on".to_owned()], vec![1]));
    desk.card.power_on(&mut Vec::new()).unwrap();
    assert_eq!(desk.log(), ["fault 1", "on", "950ms"]);
}

#[test]
fn what_the_card_took_itself_is_part_of_the_latency_and_a_delay_comes_on_top() {
    let flat = |milliseconds| Some(Latency::flat(Duration::from_millis(milliseconds)));
    let work = Duration::from_millis(30);
    let waits = |faults: &[&str], latency, command: &[u8]| {
        let mut desk = Desk::with(faults, latency, work, None);
        let _ = desk.send(command);
        desk.log().into_iter().find(|entry| entry.ends_with('s'))
    };
    assert_eq!(waits(&[], flat(100), &read(0)).as_deref(), Some("70ms"));
    assert_eq!(waits(&[], flat(20), &read(0)), None);
    assert_eq!(waits(&["delay=5"], flat(20), &read(0)).as_deref(), Some("5ms"));
    assert_eq!(waits(&["delay=5"], flat(100), &read(0)).as_deref(), Some("75ms"));
    // A mute card takes no time for an answer.
    assert_eq!(waits(&["mute"], flat(100), &read(0)), None);
    let sign = [0x80, 0x2A, 0, 0x80, 1, 1, 0];
    let expected = Latency::CARD.of(&sign, &plain(&sign)) - work;
    assert_eq!(waits(&[], Some(Latency::CARD), &sign), Some(format!("{expected:?}")));
}

#[test]
fn a_jitter_is_within_its_bounds_and_the_same_for_the_same_seed() {
    let waits = |seed| {
        let latency = Latency {
            jitter: 50,
            seed,
            ..Latency::flat(Duration::from_millis(100))
        };
        let mut desk = Desk::with(&[], Some(latency), Duration::ZERO, None);
        for _ in 0..20 {
            desk.send(&read(0)).unwrap();
        }
        let waits = desk.log().into_iter().filter(|entry| entry.ends_with('s'));
        waits.collect::<Vec<_>>()
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
    for wait in waits(1) {
        let milliseconds: f64 = wait.trim_end_matches("ms").parse().unwrap();
        assert!((100.0..=150.0).contains(&milliseconds), "{wait}");
    }
}

#[test]
fn a_card_that_is_pulled_out_while_it_takes_its_time_is_gone() {
    let mut desk = Desk::with(&["delay=60000"], None, Duration::ZERO, Some(2));
    assert_eq!(desk.send(&read(1)).unwrap(), plain(&read(1)));
    assert_eq!(desk.send(&read(1)), Err(IccError::Gone));
    assert!(desk.card.has_left());
    assert_eq!(desk.log().last().map(String::as_str), Some("off"));
}

#[test]
fn a_hand_ends_a_wait_in_real_time_at_once() {
    let script = Arc::new(Script::new(vec!["delay=3600000".parse().unwrap()]));
    let time = Box::new(super::super::RealTime::default());
    let card = Box::new(TestCard(Log::default()));
    let mut card = FaultyCard::new(card, script, None, time, Box::new(|_| {}));
    card.power_on(&mut Vec::new()).unwrap();
    let pull = card.pull().unwrap();
    let hand = std::thread::spawn(move || pull.out());
    // The wait would last an hour.
    let answer = ends_within(LIMIT, move || card.transmit(&read(1), &mut Vec::new()));
    assert_eq!(answer, Err(IccError::Gone));
    hand.join().unwrap();
}

/// A card that is out, by a fault or by hand without a wait, is inserted again in both cases.
#[test]
fn nobody_waits_for_a_card_that_is_put_back_and_later_power_ons_take_their_time() {
    for fault in ["remove,nth=1", "remove=answered,nth=1", "sw=6581,nth=1"] {
        let mut desk = Desk::with(
            &[fault, "delay=900,on=power-on"],
            Some(Latency::CARD),
            Duration::ZERO,
            None,
        );
        let _ = desk.send(&READ);
        if !desk.card.has_left() {
            desk.card.pull().unwrap().out();
            desk.card.power_off().unwrap();
        }
        desk.log();
        desk.card.power_on(&mut Vec::new()).unwrap();
        assert_eq!(desk.log(), ["on"], "{fault}");
        desk.card.power_on(&mut Vec::new()).unwrap();
        assert_eq!(desk.log(), ["fault 2", "on", "950ms"], "{fault}");
    }
}

fn any_command() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(ins, p2, le)| vec![0, ins, 0, p2, le]),
    ]
}

proptest! {
    /// Faults that match nothing, that fire later than this conversation lasts, and none at all.
    #[test]
    fn a_script_of_which_nothing_fires_changes_no_byte_and_no_moment_of_the_conversation(
        commands in prop::collection::vec(any_command(), 0..40),
        resets in prop::collection::vec(0..4_u8, 40),
    ) {
        let faults = [
            "sw=6581,nth=41", "mute,executed,after=40", "remove,every=41", "garbled,on=reset,nth=41",
            "sw=61xx,cla=FF,ins=FF,p1=FF,p2=FF,nth=40", "delay=1000,on=power-on,nth=42",
        ];
        let log = Log::default();
        let mut alone = TestCard(Arc::clone(&log));
        alone.power_on(&mut Vec::new()).unwrap();
        log.lock().unwrap().clear();
        let mut desk = Desk::new(&faults);
        for (command, reset) in commands.iter().zip(resets) {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            match reset {
                0 => prop_assert_eq!(alone.reset(&mut one), desk.card.reset(&mut other)),
                1 => prop_assert_eq!(alone.power_on(&mut one), desk.card.power_on(&mut other)),
                _ => prop_assert_eq!(alone.transmit(command, &mut one), desk.card.transmit(command, &mut other)),
            }
            prop_assert_eq!(one, other);
        }
        prop_assert_eq!(desk.log(), std::mem::take(&mut *log.lock().unwrap()));
        prop_assert_eq!(desk.unfired(), [1, 2, 3, 4, 5, 6]);
    }
}

#[test]
fn a_fault_armed_in_use_fires_from_the_next_message_and_not_once_disarmed() {
    let mut desk = Desk::new(&[]);
    assert_eq!(desk.send(&read(4)), Ok(plain(&read(4))));
    let number = desk.script.arm("sw=6F00".parse().unwrap());
    assert_eq!((number, desk.unfired()), (1, vec![1]));
    assert_eq!(desk.send(&read(4)), Ok(vec![0x6F, 0x00]));
    assert!(desk.script.disarm(number) && !desk.script.disarm(number));
    assert_eq!(desk.send(&read(4)), Ok(plain(&read(4))));
    // A later fault never has the number of an earlier one.
    assert_eq!(desk.script.arm("mute".parse().unwrap()), 2);
    assert_eq!(desk.send(&read(4)), Err(IccError::Mute));
    assert_eq!(desk.log(), ["B0", "fault 1", "B0", "fault 2"]);
}

#[test]
fn arming_and_disarming_others_leaves_the_counts_of_a_fault() {
    let mut desk = Desk::new(&["mute,nth=9", "sw=6581,nth=3"]);
    for step in 0..2 {
        assert_eq!(desk.send(&read(4)), Ok(plain(&read(4))), "{step}");
        // The first is taken out, another one put behind.
        desk.script.disarm(1);
        desk.script.arm("mute,nth=100".parse().unwrap());
    }
    assert_eq!(desk.send(&read(4)), Ok(vec![0x65, 0x81]));
    assert_eq!(desk.log(), ["B0", "B0", "fault 2"]);
}

#[test]
fn faults_are_armed_and_disarmed_while_other_threads_use_their_cards() {
    let mut desk = Desk::new(&[]);
    let script = Arc::clone(&desk.script);
    std::thread::scope(|scope| {
        let arming = scope.spawn(move || {
            for _ in 0..200 {
                let number = script.arm("sw=6F00".parse().unwrap());
                std::thread::yield_now();
                assert!(script.disarm(number));
            }
        });
        while !arming.is_finished() {
            let answer = desk.send(&read(4)).unwrap();
            assert!(answer == plain(&read(4)) || answer == [0x6F, 0x00], "{answer:02X?}");
        }
    });
    assert_eq!(desk.send(&read(4)), Ok(plain(&read(4))));
    assert!(desk.script.is_empty());
}
