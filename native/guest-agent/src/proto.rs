//! Generated from /proto by build.rs.

#![allow(clippy::all)]

pub use a3s::agent::v1 as agent;
pub use a3s::boot::v1 as boot;

/// Nested as the packages are: what is generated for one names the other by its place.
mod a3s {
    pub mod agent {
        pub mod v1 {
            tonic::include_proto!("a3s.agent.v1");
        }
    }
    pub mod boot {
        pub mod v1 {
            tonic::include_proto!("a3s.boot.v1");
        }
    }
}

pub mod health {
    tonic::include_proto!("grpc.health.v1");
}
