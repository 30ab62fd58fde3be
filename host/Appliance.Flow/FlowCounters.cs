using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Flow;

/// <summary>What the decision thread counted. Written by it alone, each an aligned word that a watcher may read at any time.</summary>
public sealed class FlowCounters
{
    public long Events, Timers, DecideMarks, MarksSkipped, Decisions, DecisionsOnExpansion, Intents;
    public long Fills, Cancelled, RejectedByVenue, Unsent, SessionUps, SessionDowns;
    public long JournalBehind, JournalLost, Overloads, ClockSteps, Kills, OrdersResolved, OrdersRestored;
    /// <summary>Order mass status requests: asked, answered in full, refused by the venue, and not answered in time.</summary>
    public long MassStatusAsked, MassStatusAnswered, MassStatusRefused, MassStatusUnanswered;

    internal void Count(in Execution e, in ExecutionEffect effect)
    {
        if (effect.FilledUnits > 0 && !effect.IsCorrection) Fills++;
        switch (e.ExecutionKind)
        {
            case ExecutionKind.Cancelled or ExecutionKind.Expired:
                Cancelled++;
                break;
            case ExecutionKind.Rejected or ExecutionKind.CancelRejected or ExecutionKind.AmendRejected or ExecutionKind.BusinessRejected or ExecutionKind.SessionRejected:
                RejectedByVenue++;
                break;
        }
    }
}
