using Appliance.Contract;

namespace Appliance.Host.Threads;

/// <summary>One command on its way from the supervisor to the ring: the ingest loop publishes it as an event, and so its place in the run is fixed. One writer, one reader.</summary>
internal sealed class CommandSlot
{
    private ControlEvent _command;
    private int _full;

    public bool IsEmpty => Volatile.Read(ref _full) == 0;

    /// <returns>False while the last one has not been taken.</returns>
    public bool TryPut(in ControlEvent command)
    {
        if (!IsEmpty) return false;
        _command = command;
        Volatile.Write(ref _full, 1);
        return true;
    }

    public bool TryTake(out ControlEvent command)
    {
        command = default;
        if (IsEmpty) return false;
        command = _command;
        Volatile.Write(ref _full, 0);
        return true;
    }

    /// <summary>A command that names a limit, an instrument, a portfolio or an operator, as <see cref="ControlEvent"/> says.</summary>
    public static ControlEvent Make(OperatorCommand command, LimitKey key = LimitKey.None, ushort instrument = RingEvent.AllInstruments, ushort portfolio = RingEvent.AllPortfolios, double value = 0, string by = "")
    {
        Span<byte> name = stackalloc byte[16];
        name.Clear();
        System.Text.Encoding.ASCII.TryGetBytes(by.AsSpan(0, Math.Min(by.Length, 16)), name, out _);
        return new ControlEvent
        {
            Kind = EventKind.Command, Code = (int)command, Instrument = instrument, Source = portfolio, Value1 = (long)key, Value2 = BitConverter.DoubleToInt64Bits(value),
            Value3 = System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(name), Value4 = System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(name[8..]),
        };
    }
}
