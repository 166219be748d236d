//! Messages of the platform about containers and nodes: NodeManager and ResourceManager.

use super::text::keep;
use crate::delivery::nm::{NmFact, nm_fact};
use crate::event::Kind;
use crate::layout::simple_name;

/// Ends of containers and losses of nodes; routine transitions are none.
pub fn classify(logger: &[u8], message: &[u8]) -> Option<Kind> {
    let logger = std::str::from_utf8(simple_name(logger)).ok()?;
    let end = |id: &str, exit_code: Option<i64>| Some(Kind::PlatformEnd { id: id.into(), exit_code, text: keep(message) });
    match nm_fact(logger, message)? {
        NmFact::MemoryExceeded { container, virtual_memory, .. } => end(&container, Some(if virtual_memory { -103 } else { -104 })),
        NmFact::Exit { container, code } if code != 0 => end(&container, Some(code)),
        NmFact::Preempted { container } => end(&container, Some(-102)),
        NmFact::NodeDeactivated { node, state } => Some(Kind::NodeDown { node: node.into(), state: state.into() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_kills_and_exits() {
        let text = b"Container [pid=1,containerID=container_1795241000123_0007_01_000002] is running beyond physical memory limits. Current usage: 2.0 GB of 2 GB physical memory used; 3.9 GB of 4.2 GB virtual memory used. Killing container.";
        assert!(matches!(classify(b"a.b.ContainersMonitorImpl", text), Some(Kind::PlatformEnd { exit_code: Some(-104), .. })));
        let exit = b"Exit code from container container_1795241000123_0007_01_000002 is : 143";
        assert!(matches!(classify(b"DefaultContainerExecutor", exit), Some(Kind::PlatformEnd { exit_code: Some(143), .. })));
        assert_eq!(classify(b"ContainerLaunch", b"Container x transitioned from NEW to LOCALIZING"), None);
    }
}
