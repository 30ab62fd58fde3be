using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Ring;

/// <summary>
/// Where one parked consumer sleeps until somebody upstream moves on: an eventfd and a word that says whether it sleeps. Whoever publishes towards
/// a parking consumer pays a full fence each time, because a store and a following load of another word may pass each other, and the wake-up would be lost;
/// rings without parking consumers do not pay it.
/// </summary>
internal sealed unsafe partial class ParkingSpot : IDisposable
{
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const short PollIn = 1;

    private readonly SafeFileHandle _handle;
    private readonly int _eventFd;
    private readonly RingSequence* _asleep;

    public ParkingSpot(RingSequence* asleep)
    {
        _asleep = asleep;
        _asleep->Value = 0;
        _eventFd = eventfd(0, NonBlocking | CloseOnExec);
        if (_eventFd < 0) throw new InvalidOperationException($"eventfd failed with error {Marshal.GetLastPInvokeError()}.");
        _handle = new SafeFileHandle(_eventFd, ownsHandle: true);
    }

    public static void WakeAll(ParkingSpot[] spots)
    {
        Interlocked.MemoryBarrier();
        foreach (ParkingSpot spot in spots)
            if (Volatile.Read(ref spot._asleep->Value) != 0) spot.Wake();
    }

    /// <summary>Announces the sleep. After it the consumer looks once more before it calls <see cref="Sleep"/>.</summary>
    public void Announce() => Interlocked.Exchange(ref _asleep->Value, 1);

    public void CallOff() => Volatile.Write(ref _asleep->Value, 0);

    /// <summary>Sleeps until woken, a signal comes, or the time is over.</summary>
    public void Sleep(int milliseconds)
    {
        var waited = new PollEntry { FileDescriptor = _eventFd, Events = PollIn };
        poll(&waited, 1, milliseconds);
        CallOff();
        ulong wakeUps;
        read(_eventFd, &wakeUps, sizeof(ulong));
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _asleep->Value, 0) == 0) return;
        ulong one = 1;
        write(_eventFd, &one, sizeof(ulong));
    }

    public void Dispose() => _handle.Dispose();

    /// <summary>A short sleep below the runtime's millisecond. The kernel adds the thread's timer slack, 50 µs unless set otherwise.</summary>
    public static void SleepMicroseconds(int microseconds)
    {
        var time = new TimeSpec { Seconds = microseconds / 1_000_000, Nanoseconds = microseconds % 1_000_000 * 1_000L };
        nanosleep(&time, null);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry { public int FileDescriptor; public short Events; public short Returned; }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec { public long Seconds; public long Nanoseconds; }

    [DllImport("libc", SetLastError = true)] private static extern int eventfd(uint initial, int flags);
    [DllImport("libc")] private static extern int poll(PollEntry* entries, nuint count, int timeoutMs);
    [DllImport("libc")] private static extern nint read(int fileDescriptor, void* buffer, nuint count);
    [DllImport("libc")] private static extern nint write(int fileDescriptor, void* buffer, nuint count);
    [DllImport("libc")] private static extern int nanosleep(TimeSpec* wanted, TimeSpec* left);
}
