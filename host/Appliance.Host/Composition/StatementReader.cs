using System.Globalization;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Flow.Accounts;
using Appliance.Host.Reports;

namespace Appliance.Host.Composition;

/// <summary>The venue's statement beside our own account: positions, cash and fees, instrument by instrument, to the last digit that a double holds.</summary>
internal static class StatementReader
{
    public static StatementCheck Compare(string file, string accountName, Account account, InstrumentDefinition[] instruments)
    {
        var differences = new List<string>();
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        JsonElement? found = null;
        foreach (var candidate in json.RootElement.GetProperty("accounts").EnumerateArray())
            if (candidate.GetProperty("name").GetString() == accountName) found = candidate;
        var positions = found?.GetProperty("positions").EnumerateArray().ToDictionary(p => p.GetProperty("symbol").GetString()!) ?? [];
        foreach (var instrument in instruments)
        {
            long ours = account.Ledger(instrument.Index).PositionUnits - Opening(account, instrument.Index);
            double cash = (double)account.CashOf(instrument.Index), fees = (double)account.FeesOf(instrument.Index);
            if (!positions.TryGetValue(instrument.Symbol, out var theirs))
            {
                if (ours != 0 || cash != 0 || fees != 0) differences.Add($"{instrument.Symbol}: ours {ours} units, the statement has none");
                continue;
            }
            long position = theirs.GetProperty("quantityUnits").GetInt64();
            if (position != ours) differences.Add($"{instrument.Symbol}: position ours {ours}, theirs {position} units");
            Money("cash", cash, theirs.GetProperty("cash").GetDouble());
            Money("fees", fees, theirs.GetProperty("fees").GetDouble());

            void Money(string what, double a, double b)
            {
                if (Math.Abs(a - b) > 1e-12 * Math.Max(1, Math.Abs(a)))
                    differences.Add(string.Create(CultureInfo.InvariantCulture, $"{instrument.Symbol}: {what} ours {a:R}, theirs {b:R}"));
            }
        }
        return new StatementCheck(true, differences.Count == 0, differences, file);
    }

    /// <summary>Our own account in the statement's terms.</summary>
    public static AccountResult[] Ours(Account account, InstrumentDefinition[] instruments) =>
        [.. instruments.Select(i => new AccountResult(i.Symbol, account.Ledger(i.Index).PositionUnits - Opening(account, i.Index), (double)account.CashOf(i.Index), (double)account.FeesOf(i.Index)))];

    /// <summary>The venue's statement begins with the session; what we held before is not in it.</summary>
    private static long Opening(Account account, int instrument)
    {
        long units = 0;
        foreach (var portfolio in account.Portfolios)
            if (portfolio.HedgeInstrument.Index == instrument) units += portfolio.OpeningPositionUnits;
        return units;
    }
}
