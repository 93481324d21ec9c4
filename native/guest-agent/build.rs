use std::error::Error;

const PROTOS: [&str; 7] = [
    "a3s/boot/v1/boot.proto",
    "a3s/agent/v1/agent.proto",
    "a3s/agent/v1/content.proto",
    "a3s/agent/v1/files.proto",
    "a3s/agent/v1/process.proto",
    "a3s/agent/v1/system.proto",
    "grpc/health/v1/health.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = "../../proto";
    for proto in PROTOS {
        println!("cargo:rerun-if-changed={root}/{proto}");
    }
    let descriptors = protox::compile(PROTOS, [root])?;
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
