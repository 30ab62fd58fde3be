using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ring;

/// <summary>What a consumer does with an event. A struct, so that the processor's loop inlines it.</summary>
public interface IEventHandler<T> where T : struct
{
    /// <param name="endOfBatch">True for the last event that is there now, or the last of the batch limit: the moment to flush.</param>
    void OnEvent(ref T e, long sequence, bool endOfBatch);
}

/// <summary>
/// The loop around a reader: everything that is there, up to the batch limit, goes to the handler, then one release. What the handler throws goes through: a
/// handler's exception is a bug, and the event that caused it stays unreleased.
/// </summary>
public sealed class BatchProcessor<T, TReader, THandler>(TReader reader, THandler handler, int maxBatch = 256)
    where T : struct where TReader : struct, IRingReader<T> where THandler : struct, IEventHandler<T>
{
    private readonly TReader _reader = reader;
    private readonly int _maxBatch = maxBatch >= 1 ? maxBatch : throw new ArgumentOutOfRangeException(nameof(maxBatch), maxBatch, "A batch holds at least one event.");
    private volatile bool _stop;

    /// <summary>The handler, in place: its results are read here after the loop has ended.</summary>
    public THandler Handler = handler;

    /// <summary>Handles what is there now, at most one batch. Never waits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int RunOnce() => Handle(_reader.Available());

    /// <summary>Handles and waits until <see cref="Stop"/>, then handles what was published before it.</summary>
    public void Run()
    {
        while (!_stop) Handle(_reader.Wait());
        while (RunOnce() != 0) { }
    }

    public void Stop() => _stop = true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Handle(long available)
    {
        long first = _reader.NextSequence;
        long last = Math.Min(available, first + _maxBatch - 1);
        if (last < first) return 0;
        for (long sequence = first; sequence <= last; sequence++)
            Handler.OnEvent(ref _reader[sequence], sequence, sequence == last);
        _reader.Release(last);
        return (int)(last - first + 1);
    }
}

/// <summary>A reader of the embedded ring as the struct type parameter that loops take: calls inline.</summary>
public readonly struct InlineReader<T>(RingReader<T> reader) : IRingReader<T> where T : unmanaged
{
    public long NextSequence
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => reader.NextSequence;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Available() => reader.Available();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Wait() => reader.Wait();

    public ref T this[long sequence]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref reader[sequence];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release(long sequence) => reader.Release(sequence);
}

/// <summary>Any reader, through its interface: for tests, adapters and threads that are not hot.</summary>
public readonly struct PortReader<T>(IRingReader<T> reader) : IRingReader<T> where T : struct
{
    public long NextSequence => reader.NextSequence;
    public long Available() => reader.Available();
    public long Wait() => reader.Wait();
    public ref T this[long sequence] => ref reader[sequence];
    public void Release(long sequence) => reader.Release(sequence);
}
