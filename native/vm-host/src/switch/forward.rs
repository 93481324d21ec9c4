use super::ethernet::{Verdict, judge};
use super::framing::OutOfStep;
use super::gateway;
use super::hub::{Hub, SEATS, is_passing};
use super::member::{Line, Member, Port};
use std::io::Read;
use std::net::Ipv4Addr;

impl Hub {
    /// Reads once and hands on what came. Whether the member stays.
    pub fn forward(&mut self, member: &mut Member, touched: &mut [bool; SEATS]) -> bool {
        let Port::Connected(line) = &mut member.port else {
            return true;
        };
        let mut chunk = std::mem::take(&mut self.chunk);
        let read = line.stream.read(&mut chunk);
        let stays = match read {
            Ok(0) => false,
            Ok(count) => self.hand_on(member, &chunk[..count], touched),
            Err(error) => is_passing(&error),
        };
        self.chunk = chunk;
        stays
    }

    /// Each frame to whom it is for. Whether what came makes sense.
    fn hand_on(&mut self, from: &mut Member, mut input: &[u8], touched: &mut [bool; SEATS]) -> bool {
        let (members, gateway) = (&mut self.members, &self.gateway);
        let Member {
            station,
            names,
            port: Port::Connected(line),
            counters,
            ..
        } = from
        else {
            return true;
        };
        let Line {
            input: deframer,
            output,
            ..
        } = &mut **line;
        loop {
            let frame = match deframer.next(&mut input) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(OutOfStep) => return false,
            };
            counters.sent_frames += 1;
            counters.sent_bytes += frame.len() as u64;
            match judge(frame, station, gateway) {
                Verdict::Refuse => counters.refused_frames += 1,
                Verdict::One(mac) => {
                    let index = usize::from(mac.0[5]);
                    match members[index].as_mut().filter(|member| member.station.mac == mac) {
                        Some(member) => touched[index] |= member.offer(frame, false),
                        None => counters.refused_frames += 1,
                    }
                }
                Verdict::All => {
                    for (index, member) in members.iter_mut().enumerate() {
                        touched[index] |= member.as_mut().is_some_and(|member| member.offer(frame, true));
                    }
                }
                Verdict::Gateway => {
                    let find = |name: &str| match names.iter().any(|own| own == name) {
                        true => Some(station.address),
                        false => address_of(members, name),
                    };
                    let answer = gateway::answer(frame, station, gateway, find);
                    if answer.is_some_and(|answer| !output.push(&answer, false)) {
                        counters.lost_frames += 1;
                    }
                }
            }
        }
        counters.refused_frames += std::mem::take(&mut deframer.giants);
        true
    }
}

fn address_of(members: &[Option<Member>], name: &str) -> Option<Ipv4Addr> {
    let is_it = |member: &&Member| matches!(member.port, Port::Connected(_)) && member.has_name(name);
    members
        .iter()
        .flatten()
        .find(is_it)
        .map(|member| member.station.address)
}
