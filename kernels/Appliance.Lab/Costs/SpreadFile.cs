using Appliance.Lab.Export;
using Appliance.Lab.Markets;

namespace Appliance.Lab.Costs;

/// <summary>A file of half-spreads, [steps + 1] or [paths, steps + 1], as shares of price.</summary>
internal static class SpreadFile
{
    public static NpyArray Read(string file, int steps)
    {
        NpyArray array;
        try { array = NpyFile.Read(file); }
        catch (NpyFormatException e) { throw new MarketDataException($"{file}: {e.Message}"); }
        if (array.Shape.Length is not (1 or 2) || array.Shape[^1] != steps + 1) throw new MarketDataException($"{file}: saw the shape ({string.Join(", ", array.Shape)}), allowed is ({steps + 1}) or (paths, {steps + 1})");
        if (array.Values.Any(x => !(x >= 0 && x < 1))) throw new MarketDataException($"{file}: saw a half-spread outside [0, 1), allowed are shares of the price");
        return array;
    }
}
