using System.Diagnostics;

namespace Appliance.Fix;

/// <summary>A background thread that makes stores' next segments before they are needed and flushes those that ask for it. One serves any number of stores.</summary>
public sealed class StoreKeeper : IDisposable
{
    /// <summary>While nothing is there to keep.</summary>
    private const int IdleTurnMs = 16;

    private readonly List<SequenceStore> _stores = [];
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private volatile bool _stopping;

    public StoreKeeper()
    {
        _thread = new Thread(Run, 1 << 18) { IsBackground = true, Name = "fix-store" };
        _thread.Start();
    }

    internal void Add(SequenceStore store)
    {
        lock (_stores) _stores.Add(store);
        _wake.Set();
    }

    /// <summary>When this returns, the store is looked at no more.</summary>
    internal void Remove(SequenceStore store)
    {
        lock (_stores) _stores.Remove(store);
    }

    private void Run()
    {
        while (!_stopping)
        {
            long nowNs = (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
            int turnMs = IdleTurnMs;
            lock (_stores)
            {
                for (int i = 0; i < _stores.Count; i++)
                {
                    _stores[i].Tend(nowNs);
                    turnMs = Math.Min(turnMs, _stores[i].TendEveryMs);
                }
            }
            _wake.WaitOne(turnMs);
        }
    }

    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }
}
