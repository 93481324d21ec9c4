//! The part of a program that finds what becomes of a number.

use super::instructions::{NUMBER, answer, instruction, judge, jump, load};
use super::{Action, Judgement, Rule, Table};
use libc::{BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP, sock_filter};

/// Ends in an answer in every case. Short, and found by halving: besides each call that is not always allowed, the kernel runs
/// the program once for each number there is, and translates it, when it is installed, which is for every process.
pub fn calls(table: &Table) -> Vec<sock_filter> {
    let mut body = Backward::default();
    body.search(&spans(table));
    body.push(load(NUMBER));
    body.reversed.reverse();
    body.reversed
}

/// What becomes of the numbers from one on, up to the next span's.
#[derive(Clone, Copy)]
struct Span<'a> {
    first: u32,
    verdict: Verdict<'a>,
}

#[derive(Clone, Copy)]
enum Verdict<'a> {
    Plain(Action),
    Judged(&'a Rule),
}

/// In order, from number 0, as few as there can be.
fn spans(table: &Table) -> Vec<Span<'_>> {
    let (end, beyond) = table.beyond;
    let mut rules: Vec<_> = table.rules.iter().filter(|rule| rule.number < end).collect();
    rules.sort_by_key(|rule| rule.number);
    rules.dedup_by_key(|rule| rule.number);
    let mut spans = Vec::new();
    let mut next = 0;
    for rule in rules {
        if next < rule.number {
            add(&mut spans, next, Verdict::Plain(table.otherwise));
        }
        let verdict = match rule.judgement {
            Judgement::Always(action) => Verdict::Plain(action),
            Judgement::ByArgument { .. } => Verdict::Judged(rule),
        };
        add(&mut spans, rule.number, verdict);
        next = rule.number + 1;
    }
    if next < end {
        add(&mut spans, next, Verdict::Plain(table.otherwise));
    }
    add(&mut spans, end, Verdict::Plain(beyond));
    spans
}

/// The one before goes on where that comes to the same.
fn add<'a>(spans: &mut Vec<Span<'a>>, first: u32, verdict: Verdict<'a>) {
    match spans.last() {
        Some(before) if before.verdict.is(&verdict) => {}
        _ => spans.push(Span { first, verdict }),
    }
}

impl Verdict<'_> {
    fn is(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Plain(one), Self::Plain(other)) if one == other)
    }
}

/// Spans among which a single number is asked for, where that spares a comparison, rather than halved.
const FEW: usize = 5;
/// Less than what a comparison can jump over, by what comes between it and its jumps.
const FAR: usize = 250;

/// A program from its end to its start, so that what is jumped to is there already. Places are indices.
#[derive(Default)]
struct Backward {
    reversed: Vec<sock_filter>,
    /// Answers that can be jumped to.
    answers: Vec<(Action, usize)>,
}

impl Backward {
    fn push(&mut self, instruction: sock_filter) -> usize {
        self.reversed.push(instruction);
        self.reversed.len() - 1
    }

    /// What the next instruction jumps over to get there.
    fn distance(&self, place: usize) -> usize {
        self.reversed.len() - place - 1
    }

    /// Where the search among these begins.
    fn search(&mut self, spans: &[Span<'_>]) -> usize {
        if let [span] = spans {
            return self.conclude(span.verdict);
        }
        if spans.len() <= FEW
            && let Some(at) = (1..spans.len() - 1).find(|at| is_exception(&spans[at - 1..at + 2]))
        {
            let others = [&spans[..at], &spans[at + 2..]].concat();
            let (others, found) = (self.search(&others), self.conclude(spans[at].verdict));
            return self.compare(BPF_JEQ, spans[at].first, found, others);
        }
        let (lower, upper) = spans.split_at(spans.len() / 2);
        let first = upper[0].first;
        let (upper, lower) = (self.search(upper), self.search(lower));
        self.compare(BPF_JGE, first, upper, lower)
    }

    fn compare(&mut self, comparison: u32, number: u32, holds: usize, fails: usize) -> usize {
        let [holds, fails] = [holds, fails].map(|place| match self.distance(place) {
            // Unlike the others, this jump goes any distance.
            far @ FAR.. => self.push(instruction(BPF_JMP | BPF_JA, far as u32)),
            _ => place,
        });
        let [holds, fails] = [holds, fails].map(|place| self.distance(place) as u8);
        self.push(jump(comparison, number, holds, fails))
    }

    fn conclude(&mut self, verdict: Verdict<'_>) -> usize {
        match verdict {
            Verdict::Plain(action) => {
                let near = |(said, place): &&(Action, usize)| *said == action && self.distance(*place) < FAR;
                if let Some((_, place)) = self.answers.iter().rev().find(near) {
                    return *place;
                }
                let place = self.push(answer(action));
                self.answers.push((action, place));
                place
            }
            Verdict::Judged(rule) => {
                self.reversed.extend(judge(rule).into_iter().rev());
                self.reversed.len() - 1
            }
        }
    }
}

/// Whether the one in the middle is a single number, on both sides of which it is the same.
fn is_exception(three: &[Span<'_>]) -> bool {
    three[0].verdict.is(&three[2].verdict) && three[1].first + 1 == three[2].first
}
