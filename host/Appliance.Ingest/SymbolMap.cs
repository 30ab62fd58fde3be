using System.Runtime.CompilerServices;
using System.Text;
using Appliance.Contract;

namespace Appliance.Ingest;

/// <summary>
/// Venue symbol to instrument index, built once from the desk's table. Symbols of up to eight characters (ITCH, DEEP) are found by one probe of
/// an open hash table of packed words; longer ones (other venues) by comparison of bytes.
/// </summary>
public sealed class SymbolMap
{
    private readonly ulong[] _keys;
    private readonly ushort[] _instruments;
    private readonly int _mask;
    private readonly (byte[] Symbol, ushort Instrument)[] _all;

    public SymbolMap(ReadOnlySpan<InstrumentDefinition> instruments)
    {
        // At most a quarter full, so that an unknown symbol is refused after one or two probes.
        int capacity = 16;
        while (capacity < instruments.Length * 4)
            capacity *= 2;
        _keys = new ulong[capacity];
        _instruments = new ushort[capacity];
        _mask = capacity - 1;
        _all = new (byte[], ushort)[instruments.Length];
        for (int i = 0; i < instruments.Length; i++)
        {
            InstrumentDefinition definition = instruments[i];
            foreach (var (symbol, _) in _all.AsSpan(0, i))
            {
                if (symbol.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(definition.Symbol)))
                    throw new ArgumentException($"symbol '{definition.Symbol}' is mapped twice", nameof(instruments));
            }
            _all[i] = (Encoding.ASCII.GetBytes(definition.Symbol), definition.Index);
            HighestIndex = Math.Max(HighestIndex, definition.Index);
            if (Symbol8.TryParse(definition.Symbol, out Symbol8 packed))
                Insert(packed.Packed, definition.Index);
        }
    }

    public int Count => _all.Length;

    /// <summary>The largest instrument index in the map, −1 when the map is empty: tables by instrument have this plus one entries.</summary>
    public int HighestIndex { get; } = -1;

    /// <summary>The instrument index of the map's i-th symbol, in the order of the desk's table.</summary>
    public ushort InstrumentAt(int i) => _all[i].Instrument;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryFind(Symbol8 symbol, out ushort instrument)
    {
        int slot = Slot(symbol.Packed);
        while (true)
        {
            ulong key = _keys[slot];
            if (key == symbol.Packed)
            {
                instrument = _instruments[slot];
                return key != 0;
            }
            if (key == 0)
            {
                instrument = 0;
                return false;
            }
            slot = (slot + 1) & _mask;
        }
    }

    /// <summary>By the symbol's ASCII bytes, unpadded.</summary>
    public bool TryFind(ReadOnlySpan<byte> symbol, out ushort instrument)
    {
        foreach (var (known, index) in _all)
        {
            if (symbol.SequenceEqual(known))
            {
                instrument = index;
                return true;
            }
        }
        instrument = 0;
        return false;
    }

    // Fibonacci hashing: the golden ratio spreads symbols that differ in one character over the high bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(ulong key) => (int)((key * 0x9E3779B97F4A7C15UL) >> 40) & _mask;

    private void Insert(ulong key, ushort instrument)
    {
        int slot = Slot(key);
        while (_keys[slot] != 0)
            slot = (slot + 1) & _mask;
        _keys[slot] = key;
        _instruments[slot] = instrument;
    }
}
