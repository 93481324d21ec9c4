//! Network cards get the address that the host has for them, by ioctls of netdevice(7).

use super::stages::{Attempt, Trouble};
use crate::proto::boot;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// As many cards as a VM can have.
const MAX_INTERFACES: usize = 8;
/// RFC 791: what every link carries; and the longest packet there is.
const MTU: std::ops::RangeInclusive<u32> = 68..=65_535;

/// A card and its address, found to be such that the kernel can have it.
#[derive(Debug, PartialEq, Eq)]
pub struct Interface {
    mac: [u8; 6],
    address: Ipv4Addr,
    netmask: Ipv4Addr,
    gateway: Option<Ipv4Addr>,
    mtu: Option<u32>,
}

pub fn check(interfaces: Vec<boot::NetworkInterface>) -> Result<Vec<Interface>, Trouble> {
    if interfaces.len() > MAX_INTERFACES {
        return Err(Trouble::new(format!(
            "{} interfaces, {MAX_INTERFACES} allowed",
            interfaces.len()
        )));
    }
    let checked: Vec<_> = interfaces.into_iter().map(check_one).collect::<Result<_, _>>()?;
    for (index, interface) in checked.iter().enumerate() {
        if checked[..index].iter().any(|other| other.mac == interface.mac) {
            return Err(Trouble::new(format!("two interfaces are {}", text(interface.mac))));
        }
    }
    match checked.iter().filter(|interface| interface.gateway.is_some()).count() {
        0 | 1 => Ok(checked),
        count => Err(Trouble::new(format!("{count} interfaces have a gateway, 1 may"))),
    }
}

fn check_one(interface: boot::NetworkInterface) -> Result<Interface, Trouble> {
    let mac =
        mac(&interface.mac).ok_or_else(|| Trouble::new(format!("{:?} is no address of a card", interface.mac)))?;
    let refuse = |what: &str| Err(Trouble::new(format!("interface {}: {what}", interface.mac)));
    if !(1..=30).contains(&interface.prefix_length) {
        return refuse("the prefix does not have 1 to 30 bits");
    }
    let netmask = Ipv4Addr::from_bits(u32::MAX << (32 - interface.prefix_length));
    let Some(address) = host_of_a_network(&interface.address, netmask) else {
        return refuse("its address is not that of a host");
    };
    let gateway = match interface.gateway.as_str() {
        "" => None,
        gateway => match host_of_a_network(gateway, netmask) {
            Some(gateway) if gateway != address && gateway & netmask == address & netmask => Some(gateway),
            _ => return refuse("its gateway is no other host of its network"),
        },
    };
    let mtu = match interface.mtu {
        0 => None,
        mtu if MTU.contains(&mtu) => Some(mtu),
        _ => return refuse("its MTU is out of range"),
    };
    Ok(Interface {
        mac,
        address,
        netmask,
        gateway,
        mtu,
    })
}

fn mac(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        let part = parts.next().filter(|part| part.len() == 2 && !part.starts_with('+'))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

/// Neither the network itself nor all of its hosts, and none of the kernel's own: loopback and groups.
fn host_of_a_network(text: &str, netmask: Ipv4Addr) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = text.parse().ok()?;
    let host = address & !netmask;
    let special = address.is_loopback() || address.is_multicast() || address.is_broadcast() || address.octets()[0] == 0;
    (!special && host != Ipv4Addr::UNSPECIFIED && host != !netmask).then_some(address)
}

fn text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Gives the cards their addresses, and sets them up.
pub fn set_up(interfaces: &[Interface]) -> Result<(), Trouble> {
    if interfaces.is_empty() {
        return Ok(());
    }
    let control = Control::open().attempt(|| "open a socket".into())?;
    let names = names().attempt(|| "list the network cards".into())?;
    for interface in interfaces {
        let card = text(interface.mac);
        let name = names
            .iter()
            .find(|name| control.mac(name) == Some(interface.mac))
            .ok_or_else(|| Trouble {
                message: format!("there is no network card {card}"),
                errno: libc::ENODEV,
            })?;
        control.set_up(name, interface).map_err(|(what, error)| Trouble {
            message: format!("set the {what} of the network card {card}: {error}"),
            errno: error.raw_os_error().unwrap_or(0),
        })?;
    }
    Ok(())
}

/// With its zero, as the kernel has it.
type Name = [c_char; libc::IFNAMSIZ];

fn names() -> io::Result<Vec<Name>> {
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(io::Error::last_os_error());
    }
    let mut names = Vec::new();
    for index in 0.. {
        // Safety: the list ends with an entry whose name is null, and each name with a zero.
        let entry = unsafe { &*list.add(index) };
        if entry.if_name.is_null() {
            break;
        }
        let mut name = [0; libc::IFNAMSIZ];
        let bytes = unsafe { CStr::from_ptr(entry.if_name) }.to_bytes();
        for (to, from) in name[..libc::IFNAMSIZ - 1].iter_mut().zip(bytes) {
            *to = *from as c_char;
        }
        names.push(name);
    }
    unsafe { libc::if_freenameindex(list) };
    Ok(names)
}

/// A socket by which the kernel is told of interfaces.
struct Control(OwnedFd);

impl Control {
    fn open() -> io::Result<Self> {
        let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
        match fd {
            0.. => Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) })),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Of what is no Ethernet there is none.
    fn mac(&self, name: &Name) -> Option<[u8; 6]> {
        let mut request = request(name);
        self.call(libc::SIOCGIFHWADDR, (&raw mut request).cast()).ok()?;
        let address = unsafe { request.ifr_ifru.ifru_hwaddr };
        // C's characters are signed on x86-64, not on AArch64.
        (address.sa_family == libc::ARPHRD_ETHER).then(|| std::array::from_fn(|at| address.sa_data[at] as _))
    }

    fn set_up(&self, name: &Name, interface: &Interface) -> Result<(), (&'static str, io::Error)> {
        let said = |what: &'static str| move |error| (what, error);
        let set = |number: libc::c_ulong, fill: &dyn Fn(&mut libc::ifreq)| {
            let mut request = request(name);
            fill(&mut request);
            self.call(number, (&raw mut request).cast())
        };
        if let Some(mtu) = interface.mtu {
            set(libc::SIOCSIFMTU, &|request| request.ifr_ifru.ifru_mtu = mtu as c_int).map_err(said("MTU"))?;
        }
        set(libc::SIOCSIFADDR, &|request| {
            request.ifr_ifru.ifru_addr = socket_address(interface.address);
        })
        .map_err(said("address"))?;
        // The kernel has made one up, from the class of the address.
        set(libc::SIOCSIFNETMASK, &|request| {
            request.ifr_ifru.ifru_netmask = socket_address(interface.netmask);
        })
        .map_err(said("netmask"))?;
        set(libc::SIOCSIFFLAGS, &|request| {
            request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as _;
        })
        .map_err(said("state"))?;
        interface
            .gateway
            .map_or(Ok(()), |gateway| self.route(name, gateway))
            .map_err(said("gateway"))
    }

    fn route(&self, name: &Name, gateway: Ipv4Addr) -> io::Result<()> {
        let mut device = *name;
        // Safety: a route of zeros is one to everywhere.
        let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
        route.rt_dst = socket_address(Ipv4Addr::UNSPECIFIED);
        route.rt_genmask = socket_address(Ipv4Addr::UNSPECIFIED);
        route.rt_gateway = socket_address(gateway);
        route.rt_flags = (libc::RTF_UP | libc::RTF_GATEWAY) as _;
        route.rt_dev = device.as_mut_ptr();
        self.call(libc::SIOCADDRT, (&raw mut route).cast())
    }

    fn call(&self, number: libc::c_ulong, argument: *mut c_void) -> io::Result<()> {
        // The number's type is another with each C library.
        match unsafe { libc::ioctl(self.0.as_raw_fd(), number as _, argument) } {
            0.. => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

fn request(name: &Name) -> libc::ifreq {
    // Safety: it holds numbers, addresses and pointers that may be null.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name = *name;
    request
}

fn socket_address(address: Ipv4Addr) -> libc::sockaddr {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as _,
        sin_port: 0,
        sin_addr: libc::in_addr {
            s_addr: address.to_bits().to_be(),
        },
        sin_zero: [0; 8],
    };
    // Safety: both are 16 bytes that begin with the family.
    unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(edit: impl FnOnce(&mut boot::NetworkInterface)) -> boot::NetworkInterface {
        let mut interface = boot::NetworkInterface {
            mac: "02:00:00:00:0a:FF".to_owned(),
            address: "192.0.2.2".to_owned(),
            prefix_length: 24,
            gateway: "192.0.2.1".to_owned(),
            mtu: 65_520,
        };
        edit(&mut interface);
        interface
    }

    #[test]
    fn an_address_its_network_and_its_gateway_are_taken() {
        let checked = check(vec![
            interface(|_| {}),
            interface(|i| {
                i.mac = "02:00:00:00:00:01".to_owned();
                i.gateway = String::new();
                i.prefix_length = 30;
                i.mtu = 0;
            }),
        ])
        .unwrap();
        assert_eq!(checked[0].mac, [2, 0, 0, 0, 10, 255]);
        assert_eq!(text(checked[0].mac), "02:00:00:00:0a:ff");
        assert_eq!(checked[0].netmask, Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!(checked[0].gateway, Some(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!((checked[0].mtu, checked[1].mtu), (Some(65_520), None));
        assert_eq!(checked[1].netmask, Ipv4Addr::new(255, 255, 255, 252));
        assert_eq!(checked[1].gateway, None);
    }

    #[test]
    fn everything_else_is_refused() {
        type Edit = fn(&mut boot::NetworkInterface);
        let edits: [Edit; 21] = [
            |i| i.mac = String::new(),
            |i| i.mac = "02:00:00:00:0a".to_owned(),
            |i| i.mac = "02:00:00:00:0a:ff:00".to_owned(),
            |i| i.mac = "2:00:00:00:0a:ff".to_owned(),
            |i| i.mac = "+2:00:00:00:0a:ff".to_owned(),
            |i| i.mac = "02:00:00:00:0a:gg".to_owned(),
            |i| i.address = String::new(),
            |i| i.address = "192.0.2.2/24".to_owned(),
            |i| i.address = "2001:db8::1".to_owned(),
            |i| i.address = "192.0.2.0".to_owned(),
            |i| i.address = "192.0.2.255".to_owned(),
            |i| i.address = "127.0.0.2".to_owned(),
            |i| i.address = "224.0.0.2".to_owned(),
            |i| i.address = "0.0.0.2".to_owned(),
            |i| i.prefix_length = 0,
            |i| i.prefix_length = 31,
            |i| i.gateway = "192.0.3.1".to_owned(),
            |i| i.gateway = "192.0.2.2".to_owned(),
            |i| i.gateway = "192.0.2.255".to_owned(),
            |i| i.mtu = 67,
            |i| i.mtu = 65_536,
        ];
        for (index, edit) in edits.into_iter().enumerate() {
            assert!(check(vec![interface(edit)]).is_err(), "edit {index}");
        }
        let other = interface(|i| i.mac = "02:00:00:00:00:01".to_owned());
        assert!(check(vec![interface(|_| {}), other]).is_err(), "two gateways");
        let same = interface(|i| i.gateway = String::new());
        assert!(check(vec![interface(|_| {}), same]).is_err(), "one card twice");
        let many = (0..9).map(|at| {
            interface(|i| {
                i.mac = format!("02:00:00:00:00:0{at}");
                i.gateway = String::new();
            })
        });
        assert!(check(many.collect()).is_err(), "nine");
    }

    #[test]
    fn a_card_that_is_not_there_is_named() {
        let trouble = set_up(&check(vec![interface(|_| {})]).unwrap()).unwrap_err();
        assert!(trouble.message.contains("02:00:00:00:0a:ff"), "{trouble:?}");
        assert_eq!(trouble.errno, libc::ENODEV);
    }

    #[test]
    fn the_loopback_is_no_card() {
        let control = Control::open().unwrap();
        let names = names().unwrap();
        let loopback = names
            .iter()
            .find(|name| name.starts_with(&[b'l' as c_char, b'o' as c_char, 0]));
        assert_eq!(control.mac(loopback.unwrap()), None);
    }
}
