using Appliance.Contract;

namespace Appliance.Host.Threads;

/// <summary>
/// What a hot thread allocated, faulted and was switched away from in the measured window: read by the thread itself, for the kernel and the runtime
/// count by thread.
/// </summary>
internal sealed class ThreadMeter
{
    private bool _open;
    private ThreadUsage _usageAtOpen;
    private long _allocatedAtOpen;

    /// <summary>True on the turn on which the window is about to open: the time to touch what will be written in it.</summary>
    public bool IsOpening(bool measuring) => measuring && !_open;

    public ThreadUsage Usage { get; private set; }
    public long AllocatedBytes { get; private set; }

    /// <summary>Call on the thread with the window's state; cheap while it does not change.</summary>
    public void Follow(bool measuring)
    {
        if (measuring == _open) return;
        _open = measuring;
        if (measuring)
        {
            // Once before the reading that counts, so that the calls themselves are warm.
            _usageAtOpen = ThreadUsage.OfThisThread();
            _allocatedAtOpen = GC.GetAllocatedBytesForCurrentThread();
            _usageAtOpen = ThreadUsage.OfThisThread();
            _allocatedAtOpen = GC.GetAllocatedBytesForCurrentThread();
            return;
        }
        AllocatedBytes = GC.GetAllocatedBytesForCurrentThread() - _allocatedAtOpen;
        Usage = ThreadUsage.OfThisThread() - _usageAtOpen;
    }
}
