using System.Globalization;
using System.IO.Compression;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>A file of market data that cannot be used: file, line, what was seen and what is allowed.</summary>
public sealed class MarketDataException(string message) : Exception(message);

/// <summary>One column of prices of a CSV file whose first line names the columns, one line an observation, the oldest first or last (a first column of ISO dates tells).</summary>
public sealed class PriceHistory
{
    private PriceHistory(double[] prices) => Prices = prices;

    public double[] Prices { get; }

    public static PriceHistory Read(MarketSpecification market)
    {
        string[] lines = Lines(market.DataFile);
        if (lines.Length < 3) throw new MarketDataException($"{market.DataFile}: saw {lines.Length} lines, allowed is a line of names and at least two prices");
        string[] names = Cells(lines[0]);
        int column = market.Column == "" ? names.Length - 1 : Array.FindIndex(names, n => n.Equals(market.Column, StringComparison.OrdinalIgnoreCase));
        if (column < 0) throw new MarketDataException($"{market.DataFile}:1: market.column: saw \"{market.Column}\", allowed is one of {string.Join(", ", names)}");
        var prices = new List<double>();
        string firstDate = "", lastDate = "";
        for (int i = 1; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i])) continue;
            string[] cells = Cells(lines[i]);
            if (cells.Length <= column) throw new MarketDataException($"{market.DataFile}:{i + 1}: saw {cells.Length} cells, allowed is at least {column + 1}");
            // A day without a price is left out; a price that is no price is a mistake.
            if (cells[column] is "" or "null" or "NaN" or "nan") continue;
            if (!double.TryParse(cells[column], NumberStyles.Float, CultureInfo.InvariantCulture, out double price) || !(price > 0) || double.IsInfinity(price))
                throw new MarketDataException($"{market.DataFile}:{i + 1}: {names[column]}: saw \"{cells[column]}\", allowed is a price above zero");
            prices.Add(price);
            if (firstDate == "") firstDate = cells[0];
            lastDate = cells[0];
        }
        if (prices.Count < 3) throw new MarketDataException($"{market.DataFile}: saw {prices.Count} prices in column {names[column]}, allowed are at least three");
        if (IsDate(firstDate) && IsDate(lastDate) && string.CompareOrdinal(firstDate, lastDate) > 0) prices.Reverse();
        return new PriceHistory([.. prices]);
    }

    /// <summary>Begins as 2024-01-31 does. A first column of prices has long numbers too, and must not turn a history round.</summary>
    private static bool IsDate(string cell) => cell.Length >= 10 && char.IsDigit(cell[3]) && cell[4] == '-' && cell[7] == '-';

    /// <summary>Lines of a file, gzip by its name.</summary>
    private static string[] Lines(string file)
    {
        if (!file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) return File.ReadAllLines(file);
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries);
    }

    private static string[] Cells(string line) => [.. line.Split(line.Contains(';') && !line.Contains(',') ? ';' : ',').Select(c => c.Trim().Trim('"'))];

    public double[] LogReturns() => [.. Enumerable.Range(1, Prices.Length - 1).Select(i => Math.Log(Prices[i] / Prices[i - 1]))];

    /// <summary>Returns of the part that training draws from.</summary>
    public double[] TrainingReturns(MarketSpecification market)
    {
        double[] all = LogReturns();
        if (market.TrainingRange is { } range) return all[range.From..range.To];
        return market.TrainingShare >= 1 ? all : all[..Math.Max(2, (int)(all.Length * market.TrainingShare))];
    }

    /// <summary>Returns of the part that evaluation draws from.</summary>
    public double[] EvaluationReturns(MarketSpecification market)
    {
        double[] all = LogReturns();
        if (market.EvaluationRange is { } range) return all[range.From..range.To];
        return market.TrainingShare >= 1 ? all : all[Math.Min(all.Length - 2, (int)(all.Length * market.TrainingShare))..];
    }
}
