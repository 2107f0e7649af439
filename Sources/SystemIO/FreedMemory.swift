import CShims

/// What the allocator holds back.
package enum FreedMemory {
    /// Gives freed memory back to the system; for the ends of phases that needed much.
    ///
    /// The allocator keeps what is freed in small pieces, and more so with several threads, so that without this the peak
    /// of a process is nearer to the sum of its phases than to the largest.
    package static func giveBack() { ob_give_back_memory() }
}
