//! How much memory this process takes, as the system tells it.

/// Begins to look for the most memory anew, where the system can do that (Linux 4.0 and later).
pub(super) fn restart() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that the process held at a time since [`restart`], in MB (2^20 bytes).
pub(super) fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
