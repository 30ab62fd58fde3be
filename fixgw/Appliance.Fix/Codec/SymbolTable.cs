using System.Text;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>The desk's instruments as the wire knows them: symbol to index without a string, and each one's decimals.</summary>
public sealed class SymbolTable
{
    private readonly byte[][] _symbols;
    private readonly short[] _slots;
    private readonly int _mask;

    public SymbolTable(ReadOnlySpan<InstrumentDefinition> instruments)
    {
        int size = 16;
        while (size < instruments.Length * 4) size *= 2;
        _mask = size - 1;
        _slots = new short[size];
        _slots.AsSpan().Fill(-1);
        _symbols = new byte[instruments.Length][];
        PriceDecimals = new byte[instruments.Length];
        QuantityDecimals = new byte[instruments.Length];
        for (int i = 0; i < instruments.Length; i++)
        {
            var instrument = instruments[i];
            if (instrument.Index != i)
                throw new ArgumentException($"instrument {instrument.Symbol} stands at {i} of the table but has index {instrument.Index}", nameof(instruments));
            if (instrument.Symbol.Length is 0 or > 32 || !instrument.Symbol.All(c => c is > ' ' and <= '~'))
                throw new ArgumentException($"a symbol on the wire is 1 to 32 printable ASCII characters, not '{instrument.Symbol}'", nameof(instruments));
            _symbols[i] = Encoding.ASCII.GetBytes(instrument.Symbol);
            PriceDecimals[i] = (byte)FixNumber.DecimalsOf(instrument.PriceUnitsPerOne);
            QuantityDecimals[i] = (byte)FixNumber.DecimalsOf(instrument.QuantityUnitsPerOne);
            if (Find(_symbols[i]) >= 0)
                throw new ArgumentException($"symbol {instrument.Symbol} stands twice in the table", nameof(instruments));
            int slot = (int)Hash(_symbols[i]) & _mask;
            while (_slots[slot] >= 0) slot = (slot + 1) & _mask;
            _slots[slot] = (short)i;
        }
    }

    public int Count => _symbols.Length;
    public byte[] PriceDecimals { get; }
    public byte[] QuantityDecimals { get; }
    public ReadOnlySpan<byte> Symbol(int instrument) => _symbols[instrument];

    /// <summary>The instrument's index, or −1.</summary>
    public int Find(ReadOnlySpan<byte> symbol)
    {
        int slot = (int)Hash(symbol) & _mask;
        while (_slots[slot] >= 0)
        {
            if (_symbols[_slots[slot]].AsSpan().SequenceEqual(symbol))
                return _slots[slot];
            slot = (slot + 1) & _mask;
        }
        return -1;
    }

    /// <summary>FNV-1a; symbols are short.</summary>
    private static uint Hash(ReadOnlySpan<byte> symbol)
    {
        uint hash = 2166136261;
        foreach (byte b in symbol) hash = (hash ^ b) * 16777619;
        return hash ^ hash >> 15;
    }
}
