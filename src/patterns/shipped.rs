//! The packs that are built in. Order matters: among equal ranks the earlier pattern wins, so general fall-backs come last.

/// The same without samples, parsed and checked at build time ([`super::compact`]): reading TOML would take most of the start-up time.
pub const PREPARED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packs"));

/// File name and text of every `patterns/*.toml`.
pub const FILES: &[(&str, &str)] = &[
    ("memory.toml", include_str!("../../patterns/memory.toml")),
    ("checkpoint.toml", include_str!("../../patterns/checkpoint.toml")),
    ("rpc-network.toml", include_str!("../../patterns/rpc-network.toml")),
    ("resources.toml", include_str!("../../patterns/resources.toml")),
    ("user-code.toml", include_str!("../../patterns/user-code.toml")),
    ("start.toml", include_str!("../../patterns/start.toml")),
    ("sql.toml", include_str!("../../patterns/sql.toml")),
    ("kafka.toml", include_str!("../../patterns/kafka.toml")),
    ("jdbc-cdc.toml", include_str!("../../patterns/jdbc-cdc.toml")),
    ("databases.toml", include_str!("../../patterns/databases.toml")),
    ("lake.toml", include_str!("../../patterns/lake.toml")),
    ("stores.toml", include_str!("../../patterns/stores.toml")),
    ("services.toml", include_str!("../../patterns/services.toml")),
    ("thresholds.toml", include_str!("../../patterns/thresholds.toml")),
    ("general.toml", include_str!("../../patterns/general.toml")),
    ("benign.toml", include_str!("../../patterns/benign.toml")),
    ("recovery.toml", include_str!("../../patterns/recovery.toml")),
    ("chains.toml", include_str!("../../patterns/chains.toml")),
    ("exit-codes.toml", include_str!("../../patterns/exit-codes.toml")),
    ("advice.toml", include_str!("../../patterns/advice.toml")),
];
