import CShims

/// What the allocator holds back.
package enum FreedMemory {
    /// Lets threads share memory that they freed; to be called before there are many.
    ///
    /// By itself glibc gives each of them an arena, and work that moves from thread to thread leaves holes in all. With a
    /// single one those that work side by side wait for each other: packing 200,000 files with two processors took a
    /// tenth longer.
    package static func share() { ob_limit_arenas(2) }

    /// Gives freed memory back to the system; for the ends of phases that needed much.
    ///
    /// The allocator keeps what is freed in small pieces, so that without this the peak of a process is nearer to the sum
    /// of its phases than to the largest.
    package static func giveBack() { ob_give_back_memory() }
}
