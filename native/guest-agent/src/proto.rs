//! Generated from /proto by build.rs.

#![allow(clippy::all)]

pub mod boot {
    tonic::include_proto!("a3s.boot.v1");
}

pub mod agent {
    tonic::include_proto!("a3s.agent.v1");
}

pub mod health {
    tonic::include_proto!("grpc.health.v1");
}
