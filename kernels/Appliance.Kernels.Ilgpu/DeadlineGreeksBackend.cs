using System.Diagnostics;
using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Kernels.Ilgpu;

/// <summary>Where one batch of Greeks is computed at a time, and answered later.</summary>
public interface IGreeksSlot : IDisposable
{
    /// <summary>Whether the last batch's results are there; true before the first.</summary>
    bool IsDone { get; }
    /// <summary>Copies the inputs and starts; the outputs are not touched.</summary>
    void Start(in GreeksBatch batch);
    /// <summary>Copies the results of the last batch, which is done, into these arrays.</summary>
    void Take(in GreeksBatch batch);
}

/// <summary>
/// The compute port over slots that answer later, two of them for a double buffer. A batch below the crossover, one that finds every slot taken, and one whose deadline passes are computed on the processor.
/// Since the device must give the processor's bits (looked at when this is made), where a batch was computed cannot be told from its results, and a replay needs to know nothing of it.
/// </summary>
public sealed class DeadlineGreeksBackend : IComputeBackend
{
    private const int ProbeCount = 257;
    private static readonly long StallTicks = 30 * Stopwatch.Frequency;

    private struct Pending
    {
        public GreeksBatch Batch;
        /// <summary>0 when nobody waits for a result: the slot may still be busy with one that came too late.</summary>
        public long Ticket;
        public long SubmittedAt;
    }

    private readonly IGreeksSlot[] _slots;
    private readonly Pending[] _pending;
    private readonly IlgpuOptions _options;
    private readonly IDisposable? _owner;
    private readonly CpuGreeksBackend _processor = new();
    private readonly long _deadlineTicks;
    private long _lastTicket;

    /// <param name="owner">Let go of last.</param>
    /// <exception cref="IlgpuDeviceException">The device did not answer the first batch within half a minute.</exception>
    public DeadlineGreeksBackend(string name, IReadOnlyList<IGreeksSlot> slots, IlgpuOptions options, IDisposable? owner = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.OptionsMax, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.DeadlineNs);
        (Name, _slots, _options, _owner) = (name, [.. slots], options, owner);
        _pending = new Pending[_slots.Length];
        _deadlineTicks = (long)(options.DeadlineNs * (Stopwatch.Frequency / 1e9));
        SameBits = Probe();
    }

    public string Name { get; }
    public bool CompletesInCall => _options.CompletesInCall;

    /// <summary>Whether the device gave the processor's bits for the options that were tried at the start.</summary>
    public bool SameBits { get; }
    /// <summary>Batches that the device computed.</summary>
    public long OnDevice { get; private set; }
    /// <summary>Batches below the crossover, or larger than the buffers.</summary>
    public long OnProcessor { get; private set; }
    /// <summary>Batches whose deadline passed, so that the processor computed them.</summary>
    public long DeadlinesMissed { get; private set; }
    /// <summary>Batches that found every slot taken, so that the processor computed them.</summary>
    public long SlotsTaken { get; private set; }

    public long Submit(in GreeksBatch batch)
    {
        if (batch.Count < Math.Max(1, _options.CrossoverOptions) || batch.Count > _options.OptionsMax)
        {
            _processor.Submit(in batch);
            OnProcessor++;
            return 0;
        }
        CpuGreeksBackend.CheckLengths(in batch);
        int free = 0;
        while (free < _slots.Length && (_pending[free].Ticket != 0 || !_slots[free].IsDone)) free++;
        if (free == _slots.Length)
        {
            SlotsTaken++;
            return _processor.Submit(in batch);
        }
        ref Pending pending = ref _pending[free];
        pending.Batch = batch;
        pending.Ticket = ++_lastTicket;
        pending.SubmittedAt = Stopwatch.GetTimestamp();
        _slots[free].Start(in batch);
        if (!_options.CompletesInCall) return pending.Ticket;
        while (!TryCollect(free)) Thread.SpinWait(8);
        return 0;
    }

    public bool TryCollect(long ticket)
    {
        for (int i = 0; i < _slots.Length; i++)
            if (ticket != 0 && _pending[i].Ticket == ticket) return TryCollect(i);
        return true;
    }

    public void Dispose()
    {
        foreach (IGreeksSlot slot in _slots) slot.Dispose();
        _owner?.Dispose();
    }

    private bool TryCollect(int slot)
    {
        ref Pending pending = ref _pending[slot];
        if (_slots[slot].IsDone)
        {
            _slots[slot].Take(in pending.Batch);
            OnDevice++;
        }
        else if (Stopwatch.GetTimestamp() - pending.SubmittedAt > _deadlineTicks)
        {
            // The inputs are the caller's arrays, which stay as they are until the batch is collected.
            _processor.Submit(in pending.Batch);
            DeadlinesMissed++;
        }
        else return false;
        pending.Ticket = 0;
        return true;
    }

    /// <summary>Compares the device with the processor over options of all kinds, limits among them; also has the kernel compiled before the first batch.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Probe()
    {
        int n = Math.Min(ProbeCount, _options.OptionsMax);
        double[] Column(Func<int, double> of) => [.. Enumerable.Range(0, n).Select(of)];
        GreeksBatch Batch() => new()
        {
            Spot = 100, Rate = 0.03, Yield = 0.01, Count = n,
            Strike = Column(i => 100 * Scalar.Elementary.Exp((i % 17 - 8) * 0.13)), Years = Column(i => i % 7 == 0 ? 0 : i % 19 * 0.21), Volatility = Column(i => i % 11 * 0.09),
            CallPut = Column(i => i % 2 == 0 ? 1 : -1), Price = new double[n], Delta = new double[n], Gamma = new double[n], Vega = new double[n], Theta = new double[n], Speed = new double[n],
        };
        GreeksBatch expected = Batch();
        _processor.Submit(in expected);
        bool same = true;
        foreach (IGreeksSlot slot in _slots)
        {
            GreeksBatch actual = Batch();
            slot.Start(in actual);
            long start = Stopwatch.GetTimestamp();
            while (!slot.IsDone)
            {
                if (Stopwatch.GetTimestamp() - start > StallTicks) throw new IlgpuDeviceException($"{Name} has not answered for 30 seconds");
                Thread.Yield();
            }
            slot.Take(in actual);
            same &= SameBits(actual.Price, expected.Price) && SameBits(actual.Delta, expected.Delta) && SameBits(actual.Gamma, expected.Gamma)
                && SameBits(actual.Vega, expected.Vega) && SameBits(actual.Theta, expected.Theta) && SameBits(actual.Speed, expected.Speed);
        }
        return same;

        static bool SameBits(double[] a, double[] b) => a.Zip(b).All(p => BitConverter.DoubleToInt64Bits(p.First) == BitConverter.DoubleToInt64Bits(p.Second));
    }
}
