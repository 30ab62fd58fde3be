using System.Globalization;
using Appliance.Lab.Export;

namespace Appliance.Lab.Markets;

/// <summary>Paths that the user brings: .npy of [paths, steps + 1] or [underlyings, paths, steps + 1], or CSV with a path a line.</summary>
public sealed class PathFile
{
    private readonly double[] _values;

    private PathFile(int underlyings, int paths, int steps, double[] values) => (Underlyings, Paths, Steps, _values) = (underlyings, paths, steps, values);

    public int Underlyings { get; }
    public int Paths { get; }
    public int Steps { get; }
    public double this[int underlying, int path, int step] => _values[((long)underlying * Paths + path) * (Steps + 1) + step];

    public static PathFile Read(string file, int steps, IReadOnlyList<double> spots)
    {
        NpyArray array;
        if (file.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
        {
            try { array = NpyFile.Read(file); }
            catch (NpyFormatException e) { throw new MarketDataException($"{file}: {e.Message}"); }
        }
        else array = Csv(file);
        int[] shape = array.Shape.Length == 2 ? [1, .. array.Shape] : array.Shape;
        if (shape.Length != 3 || shape[0] != spots.Count || shape[2] != steps + 1 || shape[1] < 1)
            throw new MarketDataException($"{file}: saw the shape ({string.Join(", ", array.Shape)}), allowed is (paths, {steps + 1})" + (spots.Count > 1 ? $" for each of {spots.Count} underlyings: ({spots.Count}, paths, {steps + 1})" : "") + ", the first column being the price at the first decision");
        for (long i = 0; i < array.Values.LongLength; i++)
            if (!(array.Values[i] > 0) || double.IsInfinity(array.Values[i]))
                throw new MarketDataException($"{file}: path {i / shape[2] % shape[1]}, step {i % shape[2]}: saw {array.Values[i].ToString(CultureInfo.InvariantCulture)}, allowed is a price above zero");
        return new PathFile(shape[0], shape[1], steps, array.Values);
    }

    private static NpyArray Csv(string file)
    {
        var values = new List<double>();
        int width = -1, rows = 0, number = 0;
        foreach (string line in File.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line) || line[0] == '#') continue;
            string[] cells = line.Split(',', StringSplitOptions.TrimEntries);
            if (width < 0) width = cells.Length;
            if (cells.Length != width) throw new MarketDataException($"{file}:{number}: saw {cells.Length} prices, allowed are {width}, as in the first line");
            foreach (string cell in cells)
                values.Add(double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double x) ? x : throw new MarketDataException($"{file}:{number}: saw \"{cell}\", allowed is a number"));
            rows++;
        }
        return new NpyArray([rows, Math.Max(width, 0)], [.. values]);
    }

    /// <summary>Log returns of the first underlying, path after path, as many as there are up to a number.</summary>
    public double[] SampleReturns(int most)
    {
        var returns = new List<double>();
        for (int p = 0; p < Paths && returns.Count < most; p++)
            for (int k = 0; k < Steps; k++) returns.Add(Math.Log(this[0, p, k + 1] / this[0, p, k]));
        return [.. returns];
    }
}
