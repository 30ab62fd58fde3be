using System.Text.Json;
using Appliance.Contract;

namespace Appliance.Venue.Statements;

/// <summary>
/// The statement: a JSON file that replaces its predecessor whole (written beside it, then renamed), so that a reader never sees half of one.
/// Keys: <c>kind, reason, final, timeUtcNs, accounts[].{name, orders, amends, cancels, cancelled, replaced, rejected, cancelRejected, fills, makerFills, cash, fees,
/// positions[].{symbol, quantity, quantityUnits, boughtUnits, soldUnits, cash, fees, feesMoneyUnits,
/// cashRaw, fills}}</c>. Cash is before fees, both in quote currency; feesMoneyUnits are 10^-8 of it;
/// cashRaw is cash in price units times quantity units, as text, for it may be longer than a JSON reader's numbers.
/// </summary>
public static class StatementFile
{
    /// <param name="path">Where the statement stands; its folder must exist.</param>
    /// <param name="kind">"embedded" or "paper".</param>
    /// <param name="reason">Why it was written: "duration", "signal", "disconnect", ...</param>
    /// <param name="final">Whether the venue is over.</param>
    /// <param name="more">Writes keys of the venue's own at the top level.</param>
    public static void Write(string path, VenueLedger ledger, string kind, string reason, bool final, long timeUtcNs, Action<Utf8JsonWriter>? more = null)
    {
        string beside = path + ".tmp";
        using (var stream = new FileStream(beside, FileMode.Create, FileAccess.Write))
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("kind", kind);
            json.WriteString("reason", reason);
            json.WriteBoolean("final", final);
            json.WriteNumber("timeUtcNs", timeUtcNs);
            more?.Invoke(json);
            json.WriteStartArray("accounts");
            for (int account = 0; account < ledger.Accounts; account++)
                WriteAccount(json, ledger, account);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        File.Move(beside, path, overwrite: true);
    }

    private static void WriteAccount(Utf8JsonWriter json, VenueLedger ledger, int account)
    {
        decimal cash = 0, fees = 0;
        long fills = 0, makerFills = 0;
        for (int i = 0; i < ledger.Instruments.Length; i++)
        {
            ref readonly LedgerEntry entry = ref ledger[account, i];
            cash += ledger.CashOf(account, i);
            fees += ledger.FeesOf(account, i);
            fills += entry.Fills;
            makerFills += entry.MakerFills;
        }
        ref LedgerActivity activity = ref ledger.Activity(account);
        json.WriteStartObject();
        json.WriteString("name", ledger.NameOf(account));
        json.WriteNumber("orders", activity.Orders);
        json.WriteNumber("amends", activity.Amends);
        json.WriteNumber("cancels", activity.Cancels);
        json.WriteNumber("cancelled", activity.Cancelled);
        json.WriteNumber("replaced", activity.Replaced);
        json.WriteNumber("rejected", activity.Rejected);
        json.WriteNumber("cancelRejected", activity.CancelRejected);
        json.WriteNumber("fills", fills);
        json.WriteNumber("makerFills", makerFills);
        json.WriteNumber("cash", cash);
        json.WriteNumber("fees", fees);
        json.WriteStartArray("positions");
        foreach (InstrumentDefinition instrument in ledger.Instruments)
        {
            ref readonly LedgerEntry entry = ref ledger[account, instrument.Index];
            json.WriteStartObject();
            json.WriteString("symbol", instrument.Symbol);
            json.WriteNumber("quantity", instrument.ToQuantity(entry.PositionUnits));
            json.WriteNumber("quantityUnits", entry.PositionUnits);
            json.WriteNumber("boughtUnits", entry.BoughtUnits);
            json.WriteNumber("soldUnits", entry.SoldUnits);
            json.WriteNumber("cash", ledger.CashOf(account, instrument.Index));
            json.WriteNumber("fees", ledger.FeesOf(account, instrument.Index));
            json.WriteNumber("feesMoneyUnits", entry.FeesMoneyUnits);
            json.WriteString("cashRaw", entry.CashRaw.ToString(System.Globalization.CultureInfo.InvariantCulture));
            json.WriteNumber("fills", entry.Fills);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
