namespace Appliance.Risk;

/// <summary>
/// The kill flag: one 32-bit word in memory that the caller gives, so that it can lie in shared memory and be set by any thread or process.
/// It stands outside the ring on purpose: the sender reads it immediately before each send, and what it saw is then journaled as
/// <see cref="Contract.EventKind.KillObserved"/>. The gate never reads it: its decisions are functions of the ring, and it learns of a kill by that event.
/// The flag is never cleared while the host runs.
/// </summary>
public readonly unsafe struct KillSwitch
{
    private readonly int* _flag;

    /// <param name="flag">Aligned to four bytes, and living longer than every user of the switch. Zero means not set.</param>
    public KillSwitch(int* flag)
    {
        ArgumentNullException.ThrowIfNull(flag);
        if (((nuint)flag & 3) != 0) throw new ArgumentException("The kill flag must be aligned to four bytes.", nameof(flag));
        _flag = flag;
    }

    public bool IsSet => Volatile.Read(ref *_flag) != 0;

    /// <summary>Sets the flag with a full fence. Returns true when this call was the one that set it.</summary>
    public bool Set() => Interlocked.Exchange(ref *_flag, 1) == 0;
}
