using Appliance.Contract;

namespace Appliance.Ring;

/// <summary>
/// The ring in the LMAX Disruptor pattern (Thompson, Farley, Barker, Gee, Stewart: "Disruptor: High performance alternative to bounded queues for exchanging data between
/// concurrent threads", 2011): preallocated slots, one writer per shared word, consumers as a graph of sequences. Build it and its consumers at start; the first claim freezes it.
/// Hot code takes <see cref="SingleProducer"/> or <see cref="MultiProducer"/> and the <see cref="RingReader{T}"/> that AddConsumer answers: sealed types, no dispatch.
/// </summary>
public sealed unsafe class EmbeddedRing<T> : IRing<T> where T : unmanaged
{
    private readonly RingMemory _memory;
    private readonly T* _slots;
    private readonly int* _laps;
    private readonly RingSequence* _cursor;
    private readonly List<RingReader<T>> _readers = [];
    private readonly List<RingReader<T>[]> _dependencies = [];
    private readonly List<ParkingSpot?> _spots = [];
    private readonly Lock _building = new();
    private readonly SingleProducer<T>? _single;
    private readonly MultiProducer<T>? _multi;
    private RingSequence*[] _gates = [];
    private volatile bool _frozen;

    public EmbeddedRing(RingOptions options)
    {
        options.Check();
        Options = options;
        bool many = options.Producers == RingProducers.Multiple;
        long controlBytes = RingSequence.SizeBytes * (4L + 3L * options.MaxConsumers);
        long lapsBytes = many ? RingMemory.RoundUp((long)Capacity * sizeof(int)) : 0;
        _memory = new RingMemory(controlBytes + lapsBytes + RingMemory.RoundUp((long)Capacity * sizeof(T)));
        _slots = (T*)_memory.Take((long)Capacity * sizeof(T));
        _cursor = _memory.TakeSequence();
        if (many)
        {
            _laps = (int*)_memory.Take(lapsBytes);
            _multi = new MultiProducer<T>(this, _slots, _laps, _cursor, _memory.TakeSequence(), _memory.TakeSequence());
        }
        else
        {
            _single = new SingleProducer<T>(this, _slots, _cursor, (ProducerState*)_memory.Take(sizeof(ProducerState)));
        }
    }

    public RingOptions Options { get; }
    public int Capacity => Options.Capacity;

    public IRingProducer<T> Producer => (IRingProducer<T>?)_single ?? _multi!;
    public SingleProducer<T> SingleProducer => _single ?? throw new InvalidOperationException("This ring has many producers.");
    public MultiProducer<T> MultiProducer => _multi ?? throw new InvalidOperationException("This ring has a single producer.");

    public long Cursor
    {
        get
        {
            long cursor = Volatile.Read(ref _cursor->Value);
            if (_laps == null || cursor < 0) return cursor;
            // Claims may run ahead of publications. Whatever lies a lap back is published, for it could not have been claimed again otherwise.
            int lapShift = System.Numerics.BitOperations.Log2((uint)Capacity);
            long sequence = Math.Max(0, cursor - Capacity + 1);
            while (sequence <= cursor && Volatile.Read(ref _laps[sequence & (Capacity - 1)]) - (int)(sequence >> lapShift) >= 0) sequence++;
            return sequence - 1;
        }
    }

    public RingReader<T> AddReader(string name, RingWait wait, params ReadOnlySpan<IRingReader<T>> dependsOn)
    {
        lock (_building)
        {
            if (_frozen) RingFault.Frozen(name);
            if (_readers.Count == Options.MaxConsumers)
                throw new InvalidOperationException($"The ring was made for {Options.MaxConsumers} consumers; '{name}' is one more.");
            var dependencies = new RingReader<T>[dependsOn.Length];
            for (int i = 0; i < dependencies.Length; i++)
            {
                if (dependsOn[i] is not RingReader<T> reader || reader.Ring != this) RingFault.NotOfThisRing(name);
                else dependencies[i] = reader;
            }

            var upstream = new RingSequence*[Math.Max(1, dependencies.Length)];
            upstream[0] = _cursor;
            for (int i = 0; i < dependencies.Length; i++) upstream[i] = dependencies[i].Released;
            ParkingSpot? spot = wait == RingWait.Parking ? new ParkingSpot(_memory.TakeSequence()) : null;
            var added = new RingReader<T>(this, name, wait, _slots, _memory.TakeSequence(), (ReaderState*)_memory.Take(sizeof(ReaderState)),
                upstream, dependencies.Length == 0 ? _laps : null, spot);
            _readers.Add(added);
            _dependencies.Add(dependencies);
            _spots.Add(spot);
            return added;
        }
    }

    public IRingReader<T> AddConsumer(string name, RingWait wait, params ReadOnlySpan<IRingReader<T>> dependsOn) => AddReader(name, wait, dependsOn);

    public bool IsFrozen => _frozen;

    /// <summary>Fixes the consumers. The first claim does it; a host may do it itself, so that the first claim is as fast as the others.</summary>
    public void Freeze()
    {
        if (_frozen) return;
        lock (_building)
        {
            if (_frozen) return;
            // Only consumers that nobody depends on gate the producer: the others are ahead of them.
            var final = _readers.Where(r => !_dependencies.Any(d => d.Contains(r))).ToArray();
            _gates = new RingSequence*[final.Length];
            for (int i = 0; i < final.Length; i++) _gates[i] = final[i].Released;
            WireParking();
            _frozen = true;
        }
    }

    /// <summary>The highest sequence whose slot every final consumer has released. A ring without consumers is never full.</summary>
    internal long ClaimLimit()
    {
        long slowest = long.MaxValue - Capacity;
        foreach (RingSequence* gate in _gates) slowest = Math.Min(slowest, Volatile.Read(ref gate->Value));
        return slowest + Capacity;
    }

    private void WireParking()
    {
        ParkingSpot[]? SpotsBehind(RingReader<T>? upstream)
        {
            var spots = new List<ParkingSpot>();
            for (int i = 0; i < _readers.Count; i++)
                if (_spots[i] is { } spot && (upstream == null ? _dependencies[i].Length == 0 : _dependencies[i].Contains(upstream)))
                    spots.Add(spot);
            return spots.Count == 0 ? null : spots.ToArray();
        }

        foreach (RingReader<T> reader in _readers) reader.WakesOnRelease(SpotsBehind(reader));
        _single?.WakesOnPublish(SpotsBehind(null));
        _multi?.WakesOnPublish(SpotsBehind(null));
    }

    /// <summary>Closes the wake-up handles. Call it when the threads have stopped; the memory goes with the last reference into it.</summary>
    public void Dispose()
    {
        foreach (ParkingSpot? spot in _spots) spot?.Dispose();
    }
}
