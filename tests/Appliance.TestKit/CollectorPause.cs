using System.Runtime;

namespace Appliance.TestKit;

/// <summary>
/// While it lives, nothing is collected anywhere in the process. For rounds that count a thread's allocated bytes: a collection, whoever causes it, counts the rest of
/// the thread's allocation block (up to 8 KB) as used. (The test project compiles without tiers for the same reason: a loop compiled anew allocates a table of its statics on the spot.)
/// A control that allocates more than the pause allows ends it early, which does that control no harm.
/// </summary>
public sealed class CollectorPause : IDisposable
{
    private const long BytesMax = 64 << 20;

    public CollectorPause()
    {
        if (!GC.TryStartNoGCRegion(BytesMax)) throw new InvalidOperationException("The collector cannot be paused: there is not enough memory.");
    }

    public void Dispose()
    {
        if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion) GC.EndNoGCRegion();
    }
}
