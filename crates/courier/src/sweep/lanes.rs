//! Fair queues in memory: one lane for each place that messages go to, so that a place that hangs
//! holds up nothing but its own messages. Pure bookkeeping; it neither waits nor sends.

use std::collections::{HashMap, VecDeque};

use domain::ids::EndpointId;
use domain::time::Millis;

/// All sendings under way at once. Each holds a socket, and a process often has only 1,024.
pub const RUNNING_MAX: usize = 256;
/// Of these, what places that failed last may hold: the rest is kept for those that answer.
const RUNNING_FAILING_MAX: usize = RUNNING_MAX / 2;
/// All claimed messages in memory, under way or waiting: bodies of some kilobytes, so megabytes.
const HELD_MAX: usize = 8_192;
/// With so many held, a lane that nobody knows yet gets little, so that many of them that hang
/// cannot fill the memory and stop all claims.
const CROWDED: usize = HELD_MAX / 2;
/// Sendings to one place at once, when it answers well.
const LANE_RUNNING_MAX: usize = 16;
/// Messages that wait in a lane that answers well, in one that nobody knows yet, and in one that
/// failed last. The lease of a waiting message runs, so these are short.
const WAITING_HEALTHY_MAX: usize = 256;
const WAITING_NEW_MAX: usize = 64;
const WAITING_NEW_CROWDED_MAX: usize = 4;
const WAITING_FAILING_MAX: usize = 1;
/// How long a message is put back for when its lane is full: doubled with each failure in a row.
const PUT_BACK_FIRST: Millis = Millis::seconds(2);
const PUT_BACK_MAX: Millis = Millis::minutes(10);
/// Lanes remembered. Beyond it, idle ones are forgotten: they only start carefully again.
const LANES_MAX: usize = 10_000;

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// To the mail transport.
    Mail,
    /// Into deliveries: no network, only our database.
    Spread,
    /// To a webhook endpoint.
    Endpoint(EndpointId),
}

/// How a sending ended, for its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The place answers, whatever it said of the message.
    Well,
    /// The place does not answer as it should.
    Badly,
    /// Nothing was sent.
    NotTried,
}

/// The lanes.
pub struct Lanes<T> {
    lanes: HashMap<Place, Lane<T>>,
    /// Places that may start something, in turn.
    ready: VecDeque<Place>,
    running: usize,
    running_failing: usize,
    waiting: usize,
}

struct Lane<T> {
    waiting: VecDeque<T>,
    running: usize,
    /// How many may run; grows with success, falls to one with failure.
    running_max: usize,
    failures: u32,
    /// How many of the running began while the lane was failing.
    running_failing: usize,
    proven: bool,
    is_ready: bool,
}

impl<T> Lane<T> {
    const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            running: 0,
            running_max: 1,
            failures: 0,
            running_failing: 0,
            proven: false,
            is_ready: false,
        }
    }

    const fn waiting_max(&self, crowded: bool) -> usize {
        match (self.failures, self.proven, crowded) {
            (0, true, _) => WAITING_HEALTHY_MAX,
            (0, false, false) => WAITING_NEW_MAX,
            (0, false, true) => WAITING_NEW_CROWDED_MAX,
            (1.., _, _) => WAITING_FAILING_MAX,
        }
    }

    fn put_back(&self) -> Millis {
        let wait = PUT_BACK_FIRST.0.saturating_mul(1 << self.failures.min(16));
        Millis(wait.min(PUT_BACK_MAX.0))
    }
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        let (lanes, ready) = (HashMap::new(), VecDeque::new());
        Self { lanes, ready, running: 0, running_failing: 0, waiting: 0 }
    }
}

impl<T> Lanes<T> {
    /// How many messages may be claimed now, at most `wanted`. Nothing while a lane that answers
    /// well is nearly full: it will be empty in a moment, and what it cannot hold would have to
    /// be put back.
    pub fn room(&self, wanted: usize) -> usize {
        let full = |lane: &Lane<T>| {
            lane.proven && lane.failures == 0 && lane.waiting.len() + wanted > WAITING_HEALTHY_MAX
        };
        if self.lanes.values().any(full) {
            return 0;
        }
        HELD_MAX.saturating_sub(self.running + self.waiting).min(wanted)
    }

    /// Puts a message into the lane of its place; gives it back with a wait when that is full.
    pub fn offer(&mut self, place: Place, message: T) -> Result<(), (T, Millis)> {
        if self.lanes.len() >= LANES_MAX && !self.lanes.contains_key(&place) {
            self.lanes.retain(|_, lane| lane.running > 0 || !lane.waiting.is_empty());
        }
        let crowded = self.waiting >= CROWDED;
        let lane = self.lanes.entry(place.clone()).or_insert_with(Lane::new);
        if lane.waiting.len() >= lane.waiting_max(crowded) {
            return Err((message, lane.put_back()));
        }
        lane.waiting.push_back(message);
        self.waiting += 1;
        self.make_ready(&place);
        Ok(())
    }

    /// The next message to send, taking places in turn; nothing while all are busy.
    pub fn next(&mut self) -> Option<(Place, T)> {
        let mut later = Vec::new();
        let mut found = None;
        while self.running < RUNNING_MAX && found.is_none() {
            let Some(place) = self.ready.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&place) else { continue };
            let failing = lane.failures > 0;
            if failing && self.running_failing >= RUNNING_FAILING_MAX {
                later.push(place);
                continue;
            }
            lane.is_ready = false;
            if lane.running >= lane.running_max {
                continue;
            }
            let Some(message) = lane.waiting.pop_front() else { continue };
            lane.running += 1;
            lane.running_failing += usize::from(failing);
            self.running += 1;
            self.running_failing += usize::from(failing);
            self.waiting -= 1;
            self.make_ready(&place);
            found = Some((place, message));
        }
        self.ready.extend(later);
        found
    }

    /// A sending ended. When the place failed, what waits for it comes back, to be put back for
    /// so long.
    pub fn ended(&mut self, place: &Place, how: How) -> (Vec<T>, Millis) {
        let Some(lane) = self.lanes.get_mut(place) else { return (Vec::new(), PUT_BACK_FIRST) };
        self.running -= 1;
        lane.running -= 1;
        let began_failing = lane.running_failing > 0;
        if began_failing {
            lane.running_failing -= 1;
            self.running_failing -= 1;
        }
        let mut shed = Vec::new();
        match how {
            How::NotTried => {}
            How::Well => {
                (lane.failures, lane.proven) = (0, true);
                lane.running_max = (lane.running_max * 2).min(LANE_RUNNING_MAX);
            }
            How::Badly => {
                // What was under way when the place failed fails together, and that is once: or a
                // moment of trouble would be answered with the longest wait.
                if lane.failures == 0 || began_failing {
                    lane.failures = lane.failures.saturating_add(1);
                }
                lane.proven = false;
                lane.running_max = 1;
                let keep = WAITING_FAILING_MAX.min(lane.waiting.len());
                shed = lane.waiting.drain(keep..).collect();
                self.waiting -= shed.len();
            }
        }
        let wait = lane.put_back();
        self.make_ready(place);
        (shed, wait)
    }

    /// All that waits, to be put back when the program stops.
    pub fn empty(&mut self) -> Vec<T> {
        self.waiting = 0;
        self.ready.clear();
        let take = |lane: &mut Lane<T>| {
            lane.is_ready = false;
            std::mem::take(&mut lane.waiting)
        };
        self.lanes.values_mut().flat_map(take).collect()
    }

    fn make_ready(&mut self, place: &Place) {
        if let Some(lane) = self.lanes.get_mut(place)
            && !lane.is_ready
            && !lane.waiting.is_empty()
            && lane.running < lane.running_max
        {
            lane.is_ready = true;
            self.ready.push_back(place.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(n: u32) -> Place {
        Place::Endpoint(EndpointId::parse(&format!("ep_{n:026}")).expect("an id"))
    }

    fn started(lanes: &mut Lanes<u32>) -> Vec<u32> {
        std::iter::from_fn(|| lanes.next().map(|(_, message)| message)).collect()
    }

    #[test]
    fn places_take_turns_and_an_unknown_one_gets_one_at_a_time() {
        let mut lanes = Lanes::default();
        for message in [11, 12, 13, 21, 31, 32] {
            lanes.offer(place(message / 10), message).expect("room");
        }
        assert_eq!(started(&mut lanes), [11, 21, 31]);
        assert_eq!(started(&mut lanes), Vec::<u32>::new());
        assert_eq!(lanes.ended(&place(3), How::Well).0, Vec::<u32>::new());
        assert_eq!(started(&mut lanes), [32]);
        assert_eq!(lanes.ended(&place(1), How::Well).0, Vec::<u32>::new());
        assert_eq!(started(&mut lanes), [12, 13], "success lets two run");
    }

    #[test]
    fn sendings_that_fail_together_count_once() {
        let mut lanes = Lanes::default();
        for message in 0..40 {
            lanes.offer(place(1), message).expect("room");
        }
        while lanes.running < LANE_RUNNING_MAX {
            started(&mut lanes);
            lanes.ended(&place(1), How::Well);
            started(&mut lanes);
        }
        let waits: Vec<_> =
            (0..LANE_RUNNING_MAX).map(|_| lanes.ended(&place(1), How::Badly).1).collect();
        assert_eq!(waits, vec![Millis::seconds(4); LANE_RUNNING_MAX]);
        assert_eq!(started(&mut lanes).len(), 1, "then one tries how it is");
        assert_eq!(lanes.ended(&place(1), How::Badly).1, Millis::seconds(8));
    }

    #[test]
    fn what_waits_for_a_place_that_fails_is_put_back_for_longer_and_longer() {
        let mut lanes = Lanes::default();
        for message in 0..10 {
            lanes.offer(place(1), message).expect("room");
        }
        assert_eq!(started(&mut lanes), [0]);
        let (shed, wait) = lanes.ended(&place(1), How::Badly);
        assert_eq!((shed, wait), ((2..10).collect(), Millis::seconds(4)));
        assert_eq!(lanes.offer(place(1), 10), Err((10, Millis::seconds(4))));
        let mut last = wait;
        for _ in 0..20 {
            assert_eq!(started(&mut lanes).len(), 1);
            let (_, wait) = lanes.ended(&place(1), How::Badly);
            assert!(wait >= last && wait <= PUT_BACK_MAX);
            last = wait;
            lanes.offer(place(1), 10).expect("one may wait");
        }
        assert_eq!(last, PUT_BACK_MAX);
        lanes.offer(place(2), 20).expect("another place does not suffer");
        assert_eq!(started(&mut lanes), [10, 20]);
        lanes.ended(&place(1), How::Well);
        for message in 0..64 {
            lanes.offer(place(1), message).expect("it is trusted again");
        }
    }

    #[test]
    fn a_hundred_that_hang_leave_room_for_one_that_does_not() {
        let mut lanes = Lanes::default();
        let mut put_back = 0;
        for round in 0..100 {
            for hanging in 1..=100 {
                put_back += u32::from(lanes.offer(place(hanging), round).is_err());
            }
        }
        assert!(put_back > 0, "their lanes are full");
        assert_eq!(started(&mut lanes).len(), 100);
        lanes.offer(place(999), 7).expect("room");
        assert_eq!(started(&mut lanes), [7]);
        for message in 0..1_000 {
            lanes.ended(&place(999), How::Well);
            lanes.offer(place(999), message).expect("room");
            assert_eq!(started(&mut lanes), [message]);
        }
    }

    #[test]
    fn places_that_fail_leave_half_of_the_sockets_to_those_that_answer() {
        let mut lanes = Lanes::default();
        for n in 0..200 {
            lanes.offer(place(n), n).expect("room");
        }
        assert_eq!(started(&mut lanes).len(), 200);
        for n in 0..200 {
            lanes.ended(&place(n), How::Badly);
            lanes.offer(place(n), n).expect("one may wait");
        }
        assert_eq!(started(&mut lanes).len(), RUNNING_FAILING_MAX);
        for n in 1_000..1_200 {
            lanes.offer(place(n), n).expect("room");
        }
        let fresh = started(&mut lanes);
        assert_eq!(fresh.len(), RUNNING_MAX - RUNNING_FAILING_MAX);
        assert!(fresh.iter().all(|n| *n >= 1_000));
        lanes.ended(&place(0), How::Badly);
        lanes.ended(&place(1_000), How::Well);
        assert_eq!(started(&mut lanes).len(), 2);
    }

    #[test]
    fn nothing_grows_without_end() {
        let mut lanes: Lanes<u32> = Lanes::default();
        assert_eq!(lanes.room(64), 64);
        for n in 0..20_000 {
            while lanes.room(64) > 0 && lanes.offer(place(n), 0).is_ok() {}
        }
        assert_eq!(lanes.room(64), 0);
        assert_eq!(lanes.waiting, HELD_MAX);
        assert!(lanes.lanes.len() > 1_000, "those that hang at first do not fill it alone");
        assert_eq!(started(&mut lanes).len(), RUNNING_MAX);
        let mut lanes: Lanes<u32> = Lanes::default();
        for n in 0..50_000 {
            lanes.offer(place(n), 0).expect("room");
            let (at, _) = lanes.next().expect("it may run");
            lanes.ended(&at, if n % 2 == 0 { How::Well } else { How::Badly });
        }
        assert!(lanes.lanes.len() <= LANES_MAX);
        let mut lanes: Lanes<u32> = Lanes::default();
        lanes.offer(place(1), 0).expect("room");
        started(&mut lanes);
        lanes.ended(&place(1), How::Well);
        for message in 0..200 {
            lanes.offer(place(1), message).expect("room");
        }
        assert_eq!(lanes.room(64), 0, "it will be empty in a moment");
    }

    #[test]
    fn counts_come_out_even() {
        use How::{Badly, NotTried, Well};
        const HOW: [How; 5] = [Badly, Well, Well, NotTried, Well];
        let mut lanes = Lanes::default();
        for message in 0..300 {
            let _ = lanes.offer(place(message % 7), message);
        }
        let mut sent = 0;
        while let Some((at, message)) = lanes.next() {
            sent += 1;
            let (shed, _) = lanes.ended(&at, HOW[usize::try_from(message % 5).expect("small")]);
            sent += u32::try_from(shed.len()).expect("small");
        }
        assert_eq!((sent, lanes.running, lanes.waiting), (300, 0, 0));
        for message in 0..10 {
            lanes.offer(place(100 + message % 2), message).expect("room");
        }
        let (at, _) = lanes.next().expect("one runs");
        assert_eq!(lanes.empty().len(), 9);
        assert_eq!((lanes.running, lanes.waiting), (1, 0));
        assert_eq!(lanes.ended(&at, Well).0, Vec::<u32>::new());
        assert_eq!(lanes.next(), None);
    }
}
